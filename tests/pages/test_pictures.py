"""One picture of a study: its view corrected, its gate told, decoded again; and no picture where there is none."""

import re

import pytest

from screening import handling
from screening.models import Event, Image, Screening
from tests.intake.conftest import media  # noqa: F401
from workers import dispatch


@pytest.fixture(autouse=True)
def rung(media, model, monkeypatch):  # noqa: F811
    ids = []
    monkeypatch.setattr(dispatch, "ring", ids.extend)
    return ids


@pytest.fixture
def client(as_person, sender):
    return as_person(sender)


@pytest.fixture
def study(factories, home):
    return factories.study(home)


@pytest.fixture
def undecodable(study):
    """Of the study's picture no more than the header is known."""
    Image.objects.update(
        gate="undecodable", gate_detail="JPEG XL (1.2.840.10008.1.2.4.112)", viewing="", model_input="", content_hash=""
    )
    return study.images.get()


def text(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def correct(client, image, view):
    return client.post(f"/images/{image.pk}/correct", {"view": view}, follow=True)


def test_a_view_is_corrected_and_taken_back(client, study, sender):
    image = study.images.get()
    page = correct(client, image, "LATERAL")
    assert "View corrected from PA to lateral. Undo" in text(page)
    assert Image.objects.get().gate == "lateral"
    undo = re.search(r'name="view" value="(PA)"', page.content.decode())[1]
    correct(client, image, undo)
    assert (Image.objects.get().view, Image.objects.get().gate) == ("PA", "")
    assert Event.objects.filter(kind="view_corrected", actor=sender).count() == 2


def test_a_view_may_be_unknown_and_the_page_says_so(client, study, factories):
    page = correct(client, study.images.get(), "")
    assert "View corrected from PA to view unknown" in text(page)
    assert "view unknown" in page.content.decode()
    assert "view unknown" in text(client.get("/studies/"))


def test_a_frontal_picture_is_screened_after_all(client, factories, home, rung):
    lateral = factories.study(home, view="LATERAL", gate="lateral")
    correct(client, lateral.images.get(), "AP")
    assert rung == [Screening.objects.get(image__study=lateral).pk]


@pytest.mark.parametrize("sent", [{"view": "OBLIQUE"}, {}])
def test_another_word_for_a_view_changes_nothing(client, study, sent):
    client.post(f"/images/{study.images.get().pk}/correct", sent)
    assert Image.objects.get().view == "PA"


def test_technologists_and_radiologists_of_the_site_alone_correct_a_view(factories, as_person, home, away, study):
    address = f"/images/{study.images.get().pk}/correct"
    expected = [
        (factories.technologist(home), 302), (factories.radiologist(home), 302),
        (factories.person("clinical_lead", home), 403), (factories.technologist(away), 404),
        (factories.administrator(home), 403),
    ]  # fmt: skip
    for person, status in expected:
        assert as_person(person).post(address, {"view": "AP"}).status_code == status


def test_a_read_study_keeps_its_views(client, factories, study, reader):
    factories.read(study, reader)
    assert correct(client, study.images.get(), "AP").status_code == 403
    assert "Correct the view" not in text(client.get(f"/studies/{study.pk}/"))


def test_an_undecodable_picture_shows_its_header_and_the_reason(client, study, undecodable):
    page = client.get(f"/studies/{study.pk}/")
    assert "This picture cannot be decoded yet" in text(page)
    assert "JPEG XL (1.2.840.10008.1.2.4.112)" in text(page)
    assert "Try again" in text(page)
    assert f"{undecodable.pk}/viewing" not in page.content.decode()
    assert "/thumb" not in page.content.decode()


@pytest.mark.parametrize("rendition", ["viewing", "model", "thumb"])
def test_a_rendition_that_is_not_there_is_not_found(client, undecodable, rendition):
    assert client.get(f"/images/{undecodable.pk}/{rendition}").status_code == 404


def test_lists_show_no_broken_thumbnail(client, as_person, reader, undecodable):
    assert "/thumb" not in client.get("/studies/").content.decode()
    assert "/thumb" not in as_person(reader).get("/worklist/").content.decode()


def test_a_picture_that_still_cannot_be_decoded_says_so(client, undecodable, monkeypatch):
    def refuse(image, actor):
        raise handling.NotDecoded("undecodable", "This picture still cannot be decoded: JPEG XL.")

    monkeypatch.setattr(handling, "decode_again", refuse)
    page = client.post(f"/images/{undecodable.pk}/decode", follow=True)
    assert "This picture still cannot be decoded: JPEG XL." in text(page)


def test_a_picture_that_can_be_decoded_by_now_is_rung_for(client, undecodable, monkeypatch, rung):
    monkeypatch.setattr(handling, "decode_again", lambda image, actor: ["an id"])
    assert "Decoded: the picture is shown now" in text(client.post(f"/images/{undecodable.pk}/decode", follow=True))
    assert rung == ["an id"]


def test_several_pictures_in_one_file_and_burned_letters_are_said(client, study):
    Image.objects.update(gate="multiframe", gate_detail="12 pictures", frames=12, burned_in=True)
    page = text(client.get(f"/studies/{study.pk}/"))
    assert "First of 12 pictures shown" in page
    assert "May show patient data in the picture" in page
    assert "AI not applied: several pictures in one file" in page


@pytest.mark.parametrize(("group", "words"), [("", "age unknown"), ("1_to_5", "1 to 5 years, as sent")])
def test_rows_and_the_study_say_whose_word_the_age_is(client, as_person, reader, factories, home, group, words):
    study = factories.study(home, age_group=group)
    for page in (client.get("/studies/"), as_person(reader).get("/worklist/"), client.get(f"/studies/{study.pk}/")):
        assert words in text(page)
