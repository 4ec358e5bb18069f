"""Files that are moved into done/ and rejected/: what lies there under a film's name is that film, whole."""

import errno
import os
from pathlib import Path

import pytest

from screening import moving
from screening.watch_folder import Folder
from tests.intake import films

FILM, LAST_WRITTEN = films.jpeg(1), 1_000_000_000


@pytest.fixture
def found(tmp_path):
    film = tmp_path / "film.jpg"
    film.write_bytes(FILM)
    os.utime(film, (LAST_WRITTEN, LAST_WRITTEN))
    ((only,), _, _) = Folder(tmp_path, 0).look()
    return only


@pytest.fixture
def done(tmp_path):
    return tmp_path / "done"


def seen(folder):
    """{name: bytes} of what is not hidden there."""
    return {each.name: each.read_bytes() for each in folder.iterdir() if not each.name.startswith(".")}


@pytest.fixture
def two_disks(monkeypatch):
    """Source and target lie on two file systems; gives what was to be seen at the target before each renaming."""
    real, met = Path.replace, []

    def replace(source, target):
        met.append(seen(target.parent))
        if source.parent != target.parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return real(source, target)

    monkeypatch.setattr(Path, "replace", replace)
    return met


def test_nothing_has_the_films_name_before_the_film_does(found, done, two_disks):
    moving.put(found, done)
    assert two_disks == [{}, {}]
    assert seen(done) == {"film.jpg": FILM}
    assert (done / "film.jpg").stat().st_mtime == LAST_WRITTEN
    assert found.is_gone
    assert len(list(done.iterdir())) == 1


def test_a_full_disk_leaves_the_film_where_it_was_and_nothing_of_it_elsewhere(found, done, two_disks, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(moving.shutil, "copyfileobj", full)
    with pytest.raises(OSError, match="No space"):
        moving.put(found, done, "Rejected: damaged.")
    assert list(done.iterdir()) == []
    assert found.path.read_bytes() == FILM


def test_what_a_killed_move_left_is_never_taken_for_the_film(found, done):
    done.mkdir()
    (done / ".film.jpg.moving").write_bytes(FILM[:100])
    moving.put(found, done)
    assert seen(done) == {"film-2.jpg": FILM}
