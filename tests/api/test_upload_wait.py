"""`?wait=20`: the upload that answers with the prediction, or with where to look."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from screening import wording
from screening.models import Image
from tests.intake import films
from tests.intake.conftest import media  # noqa: F401
from webportal import sending
from workers import dispatch

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quiet(media, model, home, monkeypatch):  # noqa: F811
    monkeypatch.setattr(dispatch, "ring", lambda ids: None)


@pytest.fixture
def upload(as_reader):
    def upload(wait, data=None, client=as_reader):
        form = {"file": SimpleUploadedFile("a.dcm", data or films.jpeg())}
        return client.post(f"/api/v1/uploads?wait={wait}", form, format="multipart")

    return upload


@pytest.fixture
def screened_meanwhile(monkeypatch, factories):
    """A function: at the first look the AI has answered with this probability."""

    def screen(probability):
        def work(seconds):
            factories.screened(Image.objects.latest("received_at").study, probability)

        monkeypatch.setattr(sending.time, "sleep", work)

    return screen


def test_a_prediction_in_time_is_201_with_all_that_belongs_to_a_score(upload, screened_meanwhile):
    screened_meanwhile(0.91)
    answer = upload(20)
    assert answer.status_code == 201
    found = answer.json()["receipt"]["prediction"]
    assert (found["score"], found["band"], found["prevalence"]) == (91, "likely", 0.2)
    assert found["probability"] == pytest.approx(0.91)
    assert found["model"]["name"] == "stub"
    assert found["research_use"] == wording.RESEARCH_USE


def test_a_prediction_that_is_late_is_202_with_where_to_look(upload):
    answer = upload(0.2)
    assert answer.status_code == 202
    receipt = answer.json()["receipt"]
    assert answer["Location"] == f"/api/v1/studies/{receipt['study']}"
    assert (receipt["prediction"], receipt["ai"]) == (None, "AI pending")


def test_a_duplicate_is_answered_with_the_prediction_it_has(upload, screened_meanwhile):
    screened_meanwhile(0.91)
    upload(20)
    answer = upload(20)
    assert (answer.status_code, answer.json()["receipt"]["prediction"]["band"]) == (200, "likely")


def test_what_the_ai_is_not_applied_to_is_not_waited_for(upload):
    answer = upload(20, films.dicom(ViewPosition="LL"))
    assert answer.status_code == 201
    assert answer.json()["receipt"]["ai"] == "AI not applied: lateral view"


def test_a_rejected_file_is_not_waited_for(upload):
    assert upload(20, films.truncated_jpeg()).status_code == 422


def test_a_failed_screening_ends_the_wait(upload, monkeypatch, factories):
    monkeypatch.setattr(sending.time, "sleep", lambda seconds: factories.failed(Image.objects.get().study))
    answer = upload(20)
    assert (answer.status_code, answer.json()["receipt"]["ai"]) == (201, "AI failed")


def test_outside_the_ages_of_the_model_the_band_is_uncertain_without_a_score(upload, screened_meanwhile):
    screened_meanwhile(0.99)
    found = upload(20, films.dicom(PatientBirthDate="19600101")).json()["receipt"]["prediction"]
    assert (found["band"], found["probability"], found["score"]) == ("uncertain", None, None)


@pytest.mark.parametrize("wait", ["31", "-1", "soon", "nan"])
def test_a_wait_that_does_not_fit_is_400_before_anything_is_stored(upload, wait):
    answer = upload(wait)
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["wait"])
    assert not Image.objects.exists()
