"""A manifest in a watched folder lies there as long as a film of it does, and no longer: whose films are whose."""

import os

import pytest

from screening import intake, moving
from screening.models import Batch, Image, Priority, Receipt, Site, Study
from screening.watch_folder import Folder
from tests.admin.test_watch import folder, home, lay, lying, one_thread, rung, watch  # noqa: F401
from tests.intake import films
from tests.intake.conftest import media  # noqa: F401
from workers import watch_taking
from workers.watching import Watch

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media", "home", "one_thread", "rung")]
LIST = b"file,patient,priority\na.jpg,P1,stat\nb.jpg,P2,\n"


@pytest.fixture
def watched(folder, home, monkeypatch):  # noqa: F811
    """A Watch to be told each round."""
    monkeypatch.setattr(watch_taking, "LATER_S", 0)
    held = Folder(folder, 0)
    with held.alone():
        yield Watch(held, home, Priority.ROUTINE)


@pytest.fixture
def unreadable(monkeypatch):
    """Names of files that cannot be opened."""
    names, real = set(), os.open

    def closed(path, *arguments, **more):
        if os.path.basename(path) in names:  # noqa: PTH119
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *arguments, **more)

    monkeypatch.setattr(os, "open", closed)
    return names


@pytest.fixture
def killed(monkeypatch):
    """A function: run the watch of a folder, which dies at the moment that it would put its manifest away."""
    real = moving.put

    def dies(found, *arguments):
        if found.name == "manifest.csv":
            raise KeyboardInterrupt
        real(found, *arguments)

    def run(folder):  # noqa: F811
        with monkeypatch.context() as patch:
            patch.setattr(moving, "put", dies)
            with pytest.raises(KeyboardInterrupt):
                watch(folder)

    return run


def patients():
    return dict(Receipt.objects.exclude(study=None).values_list("name", "study__patient_id"))


def test_a_stop_during_the_last_film_puts_the_manifest_away_with_it(folder, watched, monkeypatch):  # noqa: F811
    lay(folder, "a.jpg", films.jpeg(1))
    lay(folder, "manifest.csv", LIST)
    receive = intake.receive

    def and_stop(batch, name, *arguments, **more):
        if name == "a.jpg":
            watched.stop()
        return receive(batch, name, *arguments, **more)

    monkeypatch.setattr(intake, "receive", and_stop)
    watched.round()
    assert lying(folder) == {"done": {"a.jpg", "manifest.csv"}}


def test_a_stop_before_the_last_film_leaves_the_manifest_for_it(folder, watched, monkeypatch):  # noqa: F811
    lay(folder, "a.jpg", films.jpeg(1))
    os.utime(folder / "a.jpg", (1, 1))
    lay(folder, "b.jpg", films.jpeg(2))
    lay(folder, "manifest.csv", LIST)
    receive = intake.receive

    def and_stop(batch, name, *arguments, **more):
        if name == "a.jpg":
            watched.stop()
        return receive(batch, name, *arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(intake, "receive", and_stop)
        watched.round()
    assert lying(folder) == {"": {"b.jpg", "manifest.csv"}, "done": {"a.jpg"}}
    Watch(watched.folder, Site.objects.get(code="ward"), Priority.ROUTINE).round()
    assert lying(folder) == {"done": {"a.jpg", "b.jpg", "manifest.csv"}}
    assert patients() == {"a.jpg": "P1", "b.jpg": "P2"}


def test_a_film_that_is_put_off_keeps_the_manifest_and_gets_its_row(folder, watched, unreadable):  # noqa: F811
    lay(folder, "a.jpg", films.jpeg(1))
    lay(folder, "b.jpg", films.jpeg(2))
    lay(folder, "manifest.csv", LIST)
    unreadable.add("a.jpg")
    watched.round()
    assert lying(folder) == {"": {"a.jpg", "manifest.csv"}, "done": {"b.jpg"}}
    unreadable.clear()
    watched.round()
    assert lying(folder) == {"done": {"a.jpg", "b.jpg", "manifest.csv"}}
    assert patients() == {"a.jpg": "P1", "b.jpg": "P2"}
    assert Receipt.objects.get(name="a.jpg").study.priority == Priority.STAT
    assert Batch.objects.count() == 1


def test_a_film_that_changes_while_it_is_opened_keeps_the_manifest(folder, watched, monkeypatch):  # noqa: F811
    lay(folder, "a.jpg", films.jpeg(1))
    laid = lay(folder, "b.jpg", films.jpeg(2))
    lay(folder, "manifest.csv", LIST)
    receive = intake.receive

    def and_write(batch, name, *arguments, **more):
        if name == "manifest.csv":
            laid.write_bytes(films.jpeg(3))
        return receive(batch, name, *arguments, **more)

    with monkeypatch.context() as during:
        during.setattr(intake, "receive", and_write)
        watched.round()
    assert lying(folder)[""] == {"b.jpg", "manifest.csv"}
    watched.round()
    assert patients() == {"a.jpg": "P1", "b.jpg": "P2"}


def test_a_film_that_is_still_being_written_keeps_the_manifest(folder, watched):  # noqa: F811
    lay(folder, "a.jpg", films.jpeg(1))
    coming = lay(folder, "b.jpg.part", films.jpeg(2))
    lay(folder, "manifest.csv", LIST)
    watched.round()
    assert lying(folder)[""] == {"b.jpg.part", "manifest.csv"}
    coming.rename(folder / "b.jpg")
    watched.round()
    assert patients() == {"a.jpg": "P1", "b.jpg": "P2"}
    assert "" not in lying(folder)


def test_a_film_that_somebody_takes_away_lets_the_manifest_go(folder, watched, unreadable):  # noqa: F811
    lay(folder, "a.jpg", films.jpeg(1))
    lay(folder, "manifest.csv", LIST)
    unreadable.add("a.jpg")
    watched.round()
    (folder / "a.jpg").unlink()
    watched.round()
    assert lying(folder) == {"done": {"manifest.csv"}}


def test_another_film_of_a_name_that_the_manifest_has_had_is_not_taken(folder, watched, unreadable):  # noqa: F811
    lay(folder, "a.jpg", films.jpeg(1))
    lay(folder, "b.jpg", films.jpeg(2))
    lay(folder, "x.jpg", films.jpeg(3))
    lay(folder, "manifest.csv", LIST)
    unreadable.add("b.jpg")
    watched.round()
    lay(folder, "a.jpg", films.jpeg(4))
    lay(folder, "x.jpg", films.jpeg(5))  # the manifest says nothing of it
    watched.round()
    assert sorted(Study.objects.values_list("patient_id", flat=True)) == ["", "", "P1"]
    assert lying(folder)["rejected"] == {"a.jpg", "a.jpg.txt"}
    (note,) = folder.rglob("a.jpg.txt")
    assert "has had a film of this name" in note.read_text()


def test_killed_before_its_manifest_was_put_away_the_next_one_puts_it_away_with_a_note(folder, killed):  # noqa: F811
    lay(folder, "a.jpg", films.jpeg(1))
    lay(folder, "manifest.csv", LIST)
    killed(folder)
    assert lying(folder)[""] == {"manifest.csv"}
    watch(folder)
    assert lying(folder) == {"done": {"a.jpg"}, "rejected": {"manifest.csv", "manifest.csv.txt"}}
    lay(folder, "a.jpg", films.jpeg(2))
    watch(folder)
    assert sorted(Study.objects.values_list("patient_id", flat=True)) == ["", "P1"]


@pytest.mark.parametrize("deidentify", [False, True])
def test_killed_and_another_film_laid_before_the_next_start_is_not_the_first_ones(folder, killed, deidentify):  # noqa: F811
    Site.objects.update(deidentify=deidentify)
    lay(folder, "a.jpg", films.jpeg(1))
    lay(folder, "manifest.csv", LIST)
    killed(folder)
    lay(folder, "a.jpg", films.jpeg(2))
    lay(folder, "b.jpg", films.jpeg(3))
    watch(folder)
    assert Image.objects.count() == Study.objects.exclude(patient_id="").count() == 2
    assert lying(folder)["rejected"] == {"a.jpg", "a.jpg.txt"}
    assert lying(folder)["done"] == {"a.jpg", "b.jpg", "manifest.csv"}


def test_killed_before_a_film_was_moved_it_is_a_duplicate_and_no_other_film(folder, monkeypatch):  # noqa: F811
    lay(folder, "a.jpg", films.jpeg(1))
    lay(folder, "manifest.csv", LIST)
    with monkeypatch.context() as patch:
        patch.setattr(moving, "put", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            watch(folder)
    watch(folder)
    assert lying(folder) == {"done": {"a.jpg", "manifest.csv"}}
    assert sorted(Receipt.objects.exclude(image=None).values_list("outcome", flat=True)) == ["accepted", "duplicate"]


def test_a_batch_that_was_cancelled_gets_no_late_film_and_the_manifest_holds_on(folder, watched, unreadable):  # noqa: F811
    lay(folder, "a.jpg", films.jpeg(1))
    lay(folder, "b.jpg", films.jpeg(2))
    lay(folder, "manifest.csv", LIST)
    unreadable.add("a.jpg")
    watched.round()
    Batch.objects.update(state=Batch.State.CANCELLED)
    unreadable.clear()
    watched.round()
    assert patients() == {"a.jpg": "P1", "b.jpg": "P2"}
    assert Receipt.objects.get(name="a.jpg").batch.state == Batch.State.OPEN
