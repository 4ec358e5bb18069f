"""One picture: its view corrected, and decoded again."""

import pytest

from screening import handling, keeping
from screening.models import Event, Image
from tests.intake.conftest import media  # noqa: F401
from workers import dispatch

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rung(model, monkeypatch):
    rings = []
    monkeypatch.setattr(dispatch, "ring", rings.extend)
    return rings


@pytest.fixture
def image(factories, home):
    return factories.study(home).images.get()


def correct(client, image, view):
    return client.post(f"/api/v1/images/{image.pk}/view", {"view": view})


def test_a_view_corrected_to_lateral_keeps_the_ai_from_the_picture(as_sender, image):
    answer = correct(as_sender, image, "LATERAL")
    assert answer.status_code == 200
    found = answer.json()["images"][0]
    assert (found["view"], found["not_screened"]) == ("LATERAL", "lateral")
    assert Event.objects.filter(kind=Event.Kind.VIEW_CORRECTED).count() == 1


def test_a_view_corrected_to_frontal_has_it_screened(as_reader, factories, home, rung):
    image = factories.study(home, view="LATERAL", gate="lateral").images.get()
    assert correct(as_reader, image, "PA").json()["images"][0]["not_screened"] == ""
    assert rung == list(image.screenings.values_list("pk", flat=True))


@pytest.mark.parametrize("view", ["OBLIQUE", None, 1, ["PA"], "pa"])
def test_a_view_that_is_none_is_400(as_sender, image, view):
    answer = correct(as_sender, image, view)
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["view"])


def test_the_view_of_a_read_study_stays(as_reader, factories, image, reader):
    factories.read(factories.screened(image.study), reader)
    assert correct(as_reader, image, "AP").status_code == 403
    assert Image.objects.get().view == "PA"


def test_a_picture_elsewhere_is_not_there(as_sender, factories, away):
    image = factories.study(away).images.get()
    assert correct(as_sender, image, "AP").status_code == 404
    assert as_sender.post(f"/api/v1/images/{image.pk}/decode").status_code == 404


def test_a_picture_that_still_cannot_be_decoded_says_why(as_sender, image, monkeypatch):
    def fail(image, actor):
        raise handling.NotDecoded("undecodable", "This picture still cannot be decoded: JPEG XL.")

    monkeypatch.setattr(handling, "decode_again", fail)
    answer = as_sender.post(f"/api/v1/images/{image.pk}/decode")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "undecodable")
    assert "JPEG XL" in answer.json()["error"]["sentence"]


def test_a_picture_whose_file_is_missing_says_so_and_a_storage_that_is_away_is_503(media, as_sender, image):  # noqa: F811
    Image.objects.update(gate="undecodable")
    gone = media.rename(media.with_name("elsewhere"))
    assert as_sender.post(f"/api/v1/images/{image.pk}/decode").status_code == 503
    gone.rename(media)
    keeping.drop(image.original.name)
    answer = as_sender.post(f"/api/v1/images/{image.pk}/decode")
    assert answer.status_code == 422
    assert "stored file of this picture is missing" in answer.json()["error"]["sentence"]


def test_a_picture_that_is_decoded_is_left_alone(as_sender, image, rung):
    assert as_sender.post(f"/api/v1/images/{image.pk}/decode").status_code == 200
    assert rung == []
