"""A film whose taker was killed between its files and its row: the files go once they are old, and no others do."""

import contextlib
import os
import time

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import OperationalError

from screening import intake, keeping, spool
from screening.models import Image
from tests.intake import films

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """Where a process is killed nothing is tidied up."""


@pytest.fixture
def cut_off(batch, monkeypatch):
    """A film was sent, and its taker killed after its files, before its row."""

    def killed(*_, **__):
        raise Killed

    monkeypatch.setattr("screening.filing.Film.file", killed)
    with monkeypatch.context() as dying, pytest.raises(Killed):
        dying.setattr("screening.keeping.drop", lambda *_: None)
        intake.receive(batch, "a.jpg", films.jpeg(1))
    monkeypatch.undo()


def grow_old(media):
    then = time.time() - 2 * spool.ORPHAN.total_seconds()
    for path in media.rglob("*"):
        os.utime(path, (then, then))


def test_its_files_go_once_nobody_can_still_be_at_it(cut_off, media, stored):
    assert stored() == 4
    assert (spool.expire(), stored()) == (0, 4)
    grow_old(media)
    assert (spool.expire(), stored()) == (3, 0)


def test_what_was_committed_although_the_answer_got_lost_stays(batch, media, stored, monkeypatch):
    """The connection broke at COMMIT: nobody knows, and the row is there."""

    def breaks(files, kept=keeping.kept):
        with kept(files):
            yield
            raise OperationalError

    monkeypatch.setattr("screening.keeping.kept", contextlib.contextmanager(breaks))
    with pytest.raises(OperationalError):
        intake.receive(batch, "a.jpg", films.jpeg(1))
    assert (Image.objects.count(), stored()) == (1, 4)
    grow_old(media)
    assert (spool.expire(), stored()) == (0, 3)


def test_a_stray_file_of_which_there_is_no_note_stays(batch, media, stored):
    """After a restore to an earlier moment films are there that the ledger no longer knows."""
    default_storage.save("originals/ab/unknown", ContentFile(b"a film"))
    grow_old(media)
    assert (spool.expire(), stored()) == (0, 1)


def test_a_film_that_is_taken_leaves_no_note(batch, stored):
    intake.receive(batch, "a.jpg", films.jpeg(1))
    assert stored() == 3


def test_a_note_that_was_never_written_speaks_of_no_file(batch, media, monkeypatch):
    intake.receive(batch, "a.jpg", films.jpeg(1))
    default_storage.save("arriving/empty", ContentFile(b""))
    grow_old(media)
    asked = []
    monkeypatch.setattr("screening.verifying.spoken_of", lambda names: asked.extend(names) or set())
    assert spool.expire() == 0
    assert (asked, default_storage.exists("arriving/empty")) == ([], False)


def test_of_a_note_for_which_there_is_no_space_nothing_stays(batch, stored, monkeypatch):
    real = FileSystemStorage._save

    def cut_off(storage, name, content):
        real(storage, name, ContentFile(b""))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FileSystemStorage, "_save", cut_off)
    with pytest.raises(keeping.StorageFull):
        intake.receive(batch, "a.jpg", films.jpeg(1))
    assert stored() == 0


def test_below_the_floor_of_the_disk_not_even_a_note_is_written(batch, media, settings, monkeypatch):
    intake.receive(batch, "a.jpg", films.jpeg(1))
    settings.DISK_FLOOR_B = 2**60
    written = []
    monkeypatch.setattr(FileSystemStorage, "_save", lambda *about: written.append(about))
    with pytest.raises(keeping.StorageFull):
        intake.receive(batch, "b.jpg", films.jpeg(2))
    assert written == []
