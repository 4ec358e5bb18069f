"""A site that de-identifies keeps no name of a patient: not in the file, not in a row, not in the name of a file."""

import io

import pytest
from PIL import Image as Picture

from ml import pixels
from screening import intake
from screening.models import Image, ManifestRow, Receipt, Site, Study
from tests import factories
from tests.intake import films

pytestmark = pytest.mark.django_db
PATIENT = {"PatientName": "Canary^Jane", "PatientID": "CANARY-7", "AccessionNumber": "CANARY-A"}


@pytest.fixture
def secret(batch):
    batch.site.deidentify = True
    batch.site.save()
    return batch


def everything():
    rows = [*Study.objects.values(), *Image.objects.values(), *Receipt.objects.values()]
    return repr(rows).upper()


def test_the_kept_file_and_every_row_are_free_of_the_patient(secret):
    receipt = intake.receive(secret, "CANARY Jane.dcm", films.dicom(**PATIENT, PatientComments="Canary"))
    assert receipt.outcome == "accepted"
    with receipt.image.original.open("rb") as file:
        kept = file.read()
    assert b"CANARY" not in kept.upper()
    assert "CANARY" not in everything()
    assert receipt.name == f"{receipt.sha256[:12]}.dcm"
    assert (receipt.image.deidentified, receipt.image.original_sha256 != receipt.sha256) == (True, True)
    assert pixels.read(kept).header.patient_id == receipt.study.patient_id != ""


def test_films_of_one_patient_and_one_study_stay_together(secret):
    one = intake.receive(secret, "a.dcm", films.dicom(1, study_uid="1.2.9", **PATIENT)).study
    two = intake.receive(secret, "b.dcm", films.dicom(2, study_uid="1.2.9", **PATIENT)).study
    later = intake.receive(secret, "c.dcm", films.dicom(3, study_uid="1.2.10", **PATIENT)).study
    assert one == two != later
    assert one.patient_id == later.patient_id
    assert one.study_uid != "1.2.9"


def test_the_same_file_sent_again_is_known(secret):
    intake.receive(secret, "a.dcm", films.dicom(**PATIENT))
    assert intake.receive(secret, "b.dcm", films.dicom(**PATIENT)).reason == "same_file"


def test_another_site_gives_a_patient_another_name(secret):
    there = factories.batch(factories.site(deidentify=True))
    names = {intake.receive(each, "a.dcm", films.dicom(**PATIENT)).study.patient_id for each in (secret, there)}
    assert len(names) == 2


def test_the_key_is_drawn_once(secret):
    intake.receive(secret, "a.dcm", films.dicom(1))
    key = Site.objects.get(pk=secret.site.pk).pseudonym_key
    intake.receive(secret, "b.dcm", films.dicom(2))
    assert len(key) == 64
    assert Site.objects.get(pk=secret.site.pk).pseudonym_key == key


def test_a_picture_is_kept_without_what_its_file_says(secret):
    out, exif = io.BytesIO(), Picture.Exif()
    exif[0x010E] = "Canary Jane"
    Picture.fromarray(films.grey()).save(out, "JPEG", exif=exif)
    image = intake.receive(secret, "a.jpg", out.getvalue()).image
    with image.original.open("rb") as file:
        assert b"Canary" not in file.read()


def test_the_age_stays_for_the_model_asks_for_it(secret):
    study = intake.receive(secret, "a.dcm", films.dicom(PatientBirthDate="20200101", StudyDate="20240131")).study
    assert (study.age_years, study.birth_date, study.taken_at) == (4.0, None, None)


def test_what_the_manifest_says_of_a_patient_becomes_the_same_name(secret):
    ManifestRow.objects.create(
        batch=secret, row=2, name="a.jpg", folded="a.jpg", last="a.jpg", patient_id="canary-7 ", accession="CANARY"
    )
    from_list = intake.receive(secret, "a.jpg", films.jpeg()).study
    from_film = intake.receive(secret, "b.dcm", films.dicom(**PATIENT)).study
    assert from_list.patient_id == from_film.patient_id
    assert "CANARY" not in everything()


def test_an_accession_number_has_one_name_by_the_list_and_by_the_film(secret):
    ManifestRow.objects.create(
        batch=secret, row=2, name="a.jpg", folded="a.jpg", last="a.jpg", patient_id="CANARY-7", accession=" canary-a"
    )
    from_list = intake.receive(secret, "a.jpg", films.jpeg()).study
    from_film = intake.receive(secret, "b.dcm", films.dicom(**PATIENT)).study
    assert from_list.accession == from_film.accession
    assert len(from_film.accession) == 16


def test_a_film_that_cannot_be_de_identified_is_not_kept(secret, stored):
    private = films.undecodable().replace(b"1.2.840.10008.1.2.4.100", b"1.2.840.10008.1.2.4.110")
    assert intake.receive(secret, "a.dcm", private).reason == "not_deidentified"
    assert stored() == 0
