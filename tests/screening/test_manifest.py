"""The manifest: a CSV beside the films that says whose they are."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from screening import manifest
from screening.models import Batch, ManifestRow
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return factories.site("here")


@pytest.fixture
def batch(site):
    return factories.batch(site, by=factories.technologist(site))


def rows(batch):
    return {row.name: row for row in batch.manifest.all()}


def errors(read):
    return [str(error) for error in read.errors]


@pytest.mark.parametrize("name", ["manifest.csv", "cd/Manifest.CSV", "a\\b\\MANIFEST.csv"])
def test_it_is_known_by_its_name_in_any_folder(name):
    assert manifest.is_manifest(name)
    assert not manifest.is_manifest(f"{name}.png")


def test_its_rows_are_kept_as_they_will_be_applied(batch):
    data = b"file,patient,patient_name,accession,priority,view,age\na.png,P1,Doe^Jane,A1,STAT,lat,3\n"
    assert manifest.read(batch, data) == manifest.Manifest(1, [])
    row = rows(batch)["a.png"]
    assert (row.row, row.patient_id, row.patient_name, row.accession) == (2, "P1", "Doe^Jane", "A1")
    assert (row.priority, row.view, row.age_years, row.site, row.error) == (0, "LATERAL", 3.0, None, "")


def test_a_bad_row_is_kept_with_its_sentence_and_the_good_ones_count(batch):
    read = manifest.read(batch, b"file,view\na.png,PA\nb.png,up\nc.png,AP\n")
    assert (read.rows, errors(read)) == (2, ["Row 3, column view: The view must be PA, AP or LATERAL."])
    assert manifest.row_for(batch, "b.png").error == "The view must be PA, AP or LATERAL."
    assert [manifest.row_for(batch, name).error for name in ("a.png", "c.png")] == ["", ""]


def test_a_film_without_a_row_has_none(batch):
    manifest.read(batch, b"file\na.png\n")
    assert manifest.row_for(batch, "other.png") is None


@pytest.mark.parametrize("sent", ["cd/IM1.png", "CD\\im1.PNG", "./cd/IM1.png", "/cd/IM1.png"])
def test_a_film_is_found_by_its_path_however_a_system_writes_it(batch, sent):
    manifest.read(batch, b"file,patient\ncd/IM1.png,P1\nother/IM1.png,P2\n")
    assert manifest.row_for(batch, sent).patient_id == "P1"


def test_an_accent_is_the_same_however_a_system_writes_it(batch):
    manifest.read(batch, "file,patient\nro\u0308ntgen.png,P1\n".encode())
    assert manifest.row_for(batch, "r\u00f6ntgen.png").patient_id == "P1"


def test_paths_count_from_the_manifests_own_folder(batch):
    manifest.read(batch, b"file,patient\nIM1.png,P1\n", "cd1.zip/manifest.csv")
    manifest.read(batch, b"file,patient\nIM1.png,P2\n", "cd2.zip/manifest.csv")
    assert manifest.row_for(batch, "cd1.zip/IM1.png").patient_id == "P1"
    assert manifest.row_for(batch, "cd2.zip/IM1.png").patient_id == "P2"


def test_the_last_component_is_enough_where_it_is_the_only_one(batch):
    manifest.read(batch, b"file,patient\nIM1.png,P1\n")
    assert manifest.row_for(batch, "export/2024/IM1.png").patient_id == "P1"


def test_a_second_film_of_that_name_elsewhere_is_nobodys_row(batch):
    manifest.read(batch, b"file,patient\nIM1.png,P1\n")
    assert manifest.row_for(batch, "jane/IM1.png").error == ""
    assert "more than one" in manifest.row_for(batch, "june/IM1.png").error
    assert manifest.row_for(batch, "jane/IM1.png").error == ""


def test_a_row_that_its_own_film_has_is_nobody_elses(batch):
    manifest.read(batch, b"file,patient\nIM1.png,P1\n")
    assert manifest.row_for(batch, "IM1.png").error == ""
    assert "more than one" in manifest.row_for(batch, "june/IM1.png").error


@pytest.mark.parametrize("sent", ["p2/IM1.png", "p1x/IM1.png", "p1/sub/IM1.png"])
def test_a_film_of_another_folder_is_not_the_one_that_a_row_names_by_its_path(batch, sent):
    manifest.read(batch, b"file,patient\np1/IM1.png,P1\n")
    assert manifest.row_for(batch, sent) is None


def test_a_list_in_a_folder_says_nothing_of_the_films_of_another(batch):
    manifest.read(batch, b"file,patient\nIM1.png,P1\n", "monday/manifest.csv")
    assert manifest.row_for(batch, "tuesday/IM1.png") is None
    assert manifest.row_for(batch, "monday/deep/IM1.png").patient_id == "P1"


def test_a_path_of_the_senders_disk_is_known_by_its_end(batch):
    manifest.read(batch, b"file,patient\nC:\\films\\ward\\IM1.png,P1\nC:\\films\\er\\IM1.png,P2\n")
    assert manifest.row_for(batch, "ward/IM1.png").patient_id == "P1"
    assert manifest.row_for(batch, "export/ward/IM1.png") is None


def test_a_name_that_several_rows_end_in_says_nothing(batch):
    manifest.read(batch, b"file,patient\na/IM1.png,P1\nb/IM1.png,P2\n")
    assert "Several rows" in manifest.row_for(batch, "IM1.png").error
    assert manifest.row_for(batch, "c/IM1.png") is None


def test_two_lists_that_name_one_file_and_disagree_are_not_believed(batch):
    manifest.read(batch, b"file,patient\ncd1/IM1.png,P1\n")
    manifest.read(batch, b"file,patient\nIM1.png,P2\n", "cd1/manifest.csv")
    assert "Several rows" in manifest.row_for(batch, "cd1/IM1.png").error


def test_a_disks_worth_of_films_of_one_name_costs_a_film_no_more_than_its_own_rows(
    batch, django_assert_max_num_queries
):
    table = "file,patient\n" + "".join(f"d{at}/IM1.png,P{at}\n" for at in range(500))
    manifest.read(batch, table.encode())
    with django_assert_max_num_queries(3):
        assert manifest.row_for(batch, "d77/IM1.png").patient_id == "P77"


def test_two_rows_that_say_different_things_of_one_file_are_both_bad(batch):
    read = manifest.read(batch, b"file,patient\na.png,P1\nb.png,P3\nA.png,P2\n")
    assert errors(read) == [
        "Row 2, column file: Row 4 names the same file, and says something else.",
        "Row 4, column file: Row 2 names the same file, and says something else.",
    ]
    assert manifest.row_for(batch, "a.png").error


def test_the_same_row_twice_is_said_twice(batch):
    assert manifest.read(batch, b"file,patient\na.png,P1\na.png,P1\n").errors == []
    assert manifest.row_for(batch, "a.png").patient_id == "P1"


def test_a_row_may_name_another_site_of_the_senders(batch, site):
    there = factories.site("there")
    batch.uploaded_by.sites.add(there)
    read = manifest.read(batch, b"file,site\na.png,THERE\nb.png,here\nc.png,\n")
    assert read.errors == []
    assert [manifest.row_for(batch, name).site for name in ("a.png", "b.png", "c.png")] == [there, None, None]


def test_a_site_that_is_not_the_senders_and_one_that_is_nowhere_are_told_alike(batch):
    factories.site("elsewhere")
    read = manifest.read(batch, b"file,site\na.png,elsewhere\nb.png,nowhere\n")
    assert errors(read) == [
        "Row 2, column site: There is no such site that you may send to.",
        "Row 3, column site: There is no such site that you may send to.",
    ]


def test_the_command_line_may_name_every_site_and_a_watched_folder_its_own_alone(site):
    factories.site("there")
    command = factories.batch(site, source=Batch.Source.COMMAND)
    watch = factories.batch(site, source=Batch.Source.WATCH)
    assert manifest.read(command, b"file,site\na.png,there\n").errors == []
    assert len(manifest.read(watch, b"file,site\na.png,there\n").errors) == 1


def test_a_manifest_that_is_sent_again_takes_the_place_of_the_first(batch):
    manifest.read(batch, b"file,patient\na.png,P1\nb.png,P1\n")
    manifest.read(batch, b"file,patient\na.png,P2\n")
    assert {name: row.patient_id for name, row in rows(batch).items()} == {"a.png": "P2"}


def test_lists_without_end_are_not_kept(batch, monkeypatch):
    monkeypatch.setattr(manifest, "MAX_ROWS_A_BATCH", 3)
    manifest.read(batch, b"file\na.png\nb.png\n", "one/manifest.csv")
    with pytest.raises(manifest.Unreadable, match="several batches"):
        manifest.read(batch, b"file\na.png\nb.png\n", "two/manifest.csv")
    assert batch.manifest.count() == 2


def test_one_that_cannot_be_read_leaves_the_earlier_one_as_it_was(batch):
    manifest.read(batch, b"file,patient\na.png,P1\n")
    with pytest.raises(manifest.Unreadable):
        manifest.read(batch, b"no header\n")
    assert list(rows(batch)) == ["a.png"]


def test_paths_that_are_longer_than_a_row_holds_are_found_by_their_end(batch):
    long = "/".join(["folder"] * 60) + "/a.png"
    manifest.read(batch, f"file,patient\n{long},P1\n".encode())
    assert manifest.row_for(batch, long).patient_id == "P1"


def test_the_rows_of_one_batch_are_no_other_batchs(batch, site):
    manifest.read(batch, b"file,patient\na.png,P1\n")
    assert manifest.row_for(factories.batch(site), "a.png") is None


def test_a_sibling_batch_is_begun_once_and_is_alike_but_for_its_site(batch):
    there = factories.site("there")
    sibling = manifest.sibling(batch, there)
    assert manifest.sibling(batch, there) == sibling
    assert (sibling.parent, sibling.site, sibling.key) == (batch, there, "")
    assert (sibling.uploaded_by, sibling.priority, sibling.state) == (batch.uploaded_by, batch.priority, batch.state)


@pytest.mark.django_db(transaction=True)
def test_two_that_are_read_at_once_leave_the_rows_of_one(batch):
    def read(patient):
        try:
            return manifest.read(batch, f"file,patient\na.png,{patient}\nb.png,{patient}\n".encode()).rows
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(read, ["P1", "P2", "P3", "P4"])) == [2] * 4
    assert len({row.patient_id for row in ManifestRow.objects.filter(batch=batch)}) == 1
    assert batch.manifest.count() == 2
