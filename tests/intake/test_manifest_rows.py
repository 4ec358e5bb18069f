"""What a list beside the films says of each is taken with it."""

import pytest

from screening import intake
from screening.models import Batch, Priority
from tests import factories
from tests.intake import films

pytestmark = pytest.mark.django_db


@pytest.fixture
def listed(batch):
    """A batch of somebody at two sites."""
    north = factories.site("north")
    return factories.batch(batch.site, by=factories.technologist(batch.site, north))


def test_the_row_of_a_film_names_its_patient_class_view_and_age(listed):
    said = intake.receive(
        listed, "day/manifest.csv", b"file,patient,accession,priority,view,age\na.jpg,P7,A9,stat,AP,4\n"
    )
    assert (said.outcome, said.reason) == ("skipped", "manifest")
    study = intake.receive(listed, "day/a.jpg", films.jpeg()).study
    assert (study.patient_id, study.accession, study.priority, study.age_years) == ("P7", "A9", Priority.STAT, 4)
    assert study.images.get().view == "AP"


def test_a_view_that_the_row_calls_lateral_is_not_screened(listed):
    intake.receive(listed, "manifest.csv", b"file,view\na.jpg,lateral\n")
    assert intake.receive(listed, "a.jpg", films.jpeg()).reason == "lateral"


def test_the_film_of_a_bad_row_is_not_taken_and_the_others_are(listed):
    said = intake.receive(listed, "manifest.csv", b"file,age\na.jpg,old\nb.jpg,3\n")
    assert "Row 2" in said.sentence
    bad, good = (intake.receive(listed, f"{name}.jpg", films.jpeg(ord(name))) for name in "ab")
    assert (bad.outcome, bad.reason, good.outcome) == ("rejected", "manifest_row", "accepted")
    assert "Row 2 of the manifest" in bad.sentence


def test_however_much_is_wrong_with_a_row_its_sentence_begins_with_its_number(listed):
    long = "x" * 300
    columns = "patient,patient_name,accession,age,priority,view"
    intake.receive(listed, "manifest.csv", f"file,{columns}\na.jpg{f',{long}' * 6}\n".encode())
    assert intake.receive(listed, "a.jpg", films.jpeg()).sentence.startswith("Row 2 of the manifest: ")


def test_a_film_that_says_another_patient_than_its_row_is_a_conflict(listed, stored):
    intake.receive(listed, "manifest.csv", b"file,patient\na.dcm,P7\n")
    assert intake.receive(listed, "a.dcm", films.dicom(PatientID="G1")).reason == "manifest_conflict"
    assert stored() == 0


def test_a_row_that_names_another_of_the_senders_sites_sends_its_film_there(listed):
    intake.receive(listed, "manifest.csv", b"file,site\na.jpg,north\n")
    there = intake.receive(listed, "a.jpg", films.jpeg(1))
    here = intake.receive(listed, "b.jpg", films.jpeg(2))
    assert (there.study.site.code, there.batch.parent, here.batch) == ("north", listed, listed)
    assert Batch.objects.filter(parent=listed).count() == 1


def test_a_file_that_is_no_list_is_told_so(listed):
    assert intake.receive(listed, "manifest.csv", b"\x00\x01").reason == "bad_manifest"
