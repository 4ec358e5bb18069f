"""A manifest.csv in a watched folder holds for the films beside it."""

import pytest

from screening.models import Batch, Priority, Receipt, Study
from tests.admin.test_watch import folder, home, lay, lying, one_thread, rung, watch  # noqa: F401
from tests.intake import films
from tests.intake.conftest import media  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media", "home", "one_thread", "rung")]


def test_films_of_its_folder_get_its_values_and_others_do_not(folder):  # noqa: F811
    lay(folder, "ward/a.jpg", films.jpeg(1))
    lay(folder, "ward/manifest.csv", b"file,patient,priority\na.jpg,P1,stat\n")
    lay(folder, "other/a.jpg", films.jpeg(2))
    watch(folder)
    found = dict(Receipt.objects.exclude(study=None).values_list("name", "study__patient_id"))
    assert found == {"ward/a.jpg": "P1", "other/a.jpg": ""}
    assert sorted(Study.objects.values_list("priority", flat=True)) == [Priority.STAT, Priority.ROUTINE]
    assert lying(folder) == {"done": {"ward/a.jpg", "ward/manifest.csv", "other/a.jpg"}}
    assert Batch.objects.count() == 2


def test_a_film_that_comes_under_the_same_name_later_is_nobodys_row(folder):  # noqa: F811
    lay(folder, "a.jpg", films.jpeg(1))
    lay(folder, "manifest.csv", b"file,patient\na.jpg,P1\n")
    watch(folder)
    lay(folder, "a.jpg", films.jpeg(2))
    watch(folder)
    assert sorted(Study.objects.values_list("patient_id", flat=True)) == ["", "P1"]


def test_a_manifest_waits_for_films_to_come(folder):  # noqa: F811
    lay(folder, "manifest.csv", b"file,patient\na.jpg,P1\n")
    watch(folder)
    assert lying(folder) == {"": {"manifest.csv"}}
    lay(folder, "a.jpg", films.jpeg(1))
    watch(folder)
    assert Study.objects.get().patient_id == "P1"


def test_films_wait_while_something_beside_their_manifest_still_changes(folder):  # noqa: F811
    from screening.watch_folder import Folder
    from tests import factories
    from workers.watching import Watch

    lay(folder, "a.jpg", films.jpeg(1))
    lay(folder, "manifest.csv", b"file,patient\na.jpg,P1\nb.jpg,P2\n")
    now = 0.0
    watched = Folder(folder, 5, lambda: now)
    with watched.alone():
        each = Watch(watched, factories.site(), Priority.ROUTINE)
        each.round()
        now = 4
        lay(folder, "b.jpg", films.jpeg(2))
        each.round()
        now = 6
        each.round()
        assert not Receipt.objects.exists()
        now = 9
        each.round()
    assert sorted(Study.objects.values_list("patient_id", flat=True)) == ["P1", "P2"]


def test_a_bad_row_rejects_its_film_and_stands_beside_the_manifest(folder):  # noqa: F811
    lay(folder, "a.jpg", films.jpeg(1))
    lay(folder, "b.jpg", films.jpeg(2))
    lay(folder, "manifest.csv", b"file,priority\na.jpg,soon\nb.jpg,urgent\n")
    watch(folder)
    assert lying(folder)["done"] == {"b.jpg"}
    assert lying(folder)["rejected"] == {"a.jpg", "a.jpg.txt", "manifest.csv", "manifest.csv.txt"}
    (note,) = folder.rglob("manifest.csv.txt")
    assert "priority" in note.read_text()


def test_a_manifest_that_cannot_be_read_is_put_away_and_its_films_are_taken_without_it(folder):  # noqa: F811
    lay(folder, "a.jpg", films.jpeg(1))
    lay(folder, "manifest.csv", b"no,column,called,so\n")
    watch(folder)
    assert lying(folder) == {"done": {"a.jpg"}, "rejected": {"manifest.csv", "manifest.csv.txt"}}
    assert Study.objects.get().patient_id == ""
