"""The batch page in a real browser: a dry run confirmed, groups tried again; and a view corrected on the film."""

import re

import pytest

from screening.models import Batch, Image, Receipt, Screening
from tests.browser.conftest import film_is_there
from tests.browser.sending import count, drop, ward
from tests.intake import films
from tests.intake.conftest import media  # noqa: F401
from workers import dispatch, engine, jobs, loading

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "a long enough password"


@pytest.fixture(autouse=True)
def house(factories, media, monkeypatch):  # noqa: F811
    monkeypatch.setattr(dispatch, "ring", lambda ids: None)
    monkeypatch.setattr(dispatch, "ring_for_job", lambda job: None)
    monkeypatch.setattr(loading, "_loaded", {})
    factories.active_model()
    return factories.site("ward", name="St Mary")


@pytest.fixture
def page(open_page, log_in, factories, house):
    return log_in(open_page(), factories.technologist(house, password=PASSWORD), PASSWORD)


def expect(it):
    from playwright.sync_api import expect

    return expect(it)


def test_a_dry_run_says_what_would_happen_and_confirming_sends_nothing_again(page, tmp_path):
    page.goto("/upload/")
    page.get_by_label("Look first (dry run)").check()
    drop(page, ward(tmp_path / "ward", good=5))
    expect(page.locator(".result")).to_have_text("Of 8 files: 5 new, 2 unreadable, 1 rejected.")
    assert (Receipt.objects.count(), Image.objects.count()) == (8, 0)
    sent = []
    page.on("request", lambda request: "/api/" in request.url and request.method == "POST" and sent.append(request.url))
    page.get_by_role("button", name="Take the 5 new ones").click()
    page.wait_for_url(re.compile("/batches/"))
    expect(page.get_by_text("Being taken")).to_be_visible()
    jobs.confirm()
    expect(page.get_by_text("Being taken")).to_be_hidden()
    expect(page.locator("#batch .counts")).to_contain_text("5accepted")
    assert (Receipt.objects.count(), Image.objects.count(), sent) == (8, 5, [])


def test_the_sentence_of_a_dry_run_gets_the_focus_once(page, tmp_path):
    page.goto("/upload/")
    page.get_by_label("Look first (dry run)").check()
    drop(page, ward(tmp_path / "ward", good=2))
    expect(page.locator(".result")).to_be_focused()
    page.get_by_role("link", name="Send more").focus()
    (tmp_path / "other.dcm").write_bytes(films.dicom(50))
    drop(page, tmp_path / "other.dcm")
    expect(page.locator(".result")).to_contain_text("Of 6 files")
    page.wait_for_timeout(500)
    expect(page.locator(".result")).not_to_be_focused()
    expect(page.locator("#confirm")).not_to_be_focused()


def test_taking_a_dry_run_while_later_files_are_sent_asks_first(page, tmp_path):
    page.goto("/upload/")
    page.get_by_label("Look first (dry run)").check()
    drop(page, ward(tmp_path / "ward", good=2))
    expect(page.locator("#confirm")).to_be_visible()
    page.evaluate("XMLHttpRequest.prototype.send = function () {}")
    (tmp_path / "other.dcm").write_bytes(films.dicom(50))
    drop(page, tmp_path / "other.dcm")
    page.locator(".lane").first.wait_for()
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.get_by_role("button", name="Take the 2 new ones").click()
    page.wait_for_url(re.compile("/batches/"))
    assert asked == ["beforeunload"]


def test_a_link_keeps_the_focus_while_the_page_follows(page, factories, house, tmp_path):
    page.goto("/upload/")
    drop(page, ward(tmp_path / "ward", good=2))
    expect(count(page, "accepted")).to_have_text("2")
    page.get_by_role("link", name="Batch page").click()
    link = page.locator("#batch .sent a").first
    link.focus()
    with page.expect_response(lambda answer: "/batches/" in answer.url):
        pass
    page.wait_for_timeout(300)
    expect(page.locator("#batch .sent a").first).to_be_focused()


def test_a_dry_run_is_discarded_from_the_upload_page(page, tmp_path):
    page.goto("/upload/")
    page.get_by_label("Look first (dry run)").check()
    drop(page, ward(tmp_path / "ward", good=2))
    page.get_by_role("button", name="Discard").click()
    page.wait_for_url(re.compile("/batches/"))
    expect(page.get_by_text("Discarded: nothing of this dry run was stored")).to_be_visible()
    assert (Batch.objects.get().state, Image.objects.count()) == ("discarded", 0)


def test_a_group_of_failures_is_tried_again_and_the_page_follows(page, factories, house, tmp_path):
    page.goto("/upload/")
    drop(page, ward(tmp_path / "ward", good=4))
    expect(count(page, "accepted")).to_have_text("4")
    Screening.objects.update(state="failed", error_code="out_of_memory", error_sentence="The worker ran out of memory.")
    page.get_by_role("link", name="Batch page").click()
    page.get_by_role("button", name="Retry these 4").click()
    expect(page.get_by_text("0of 4 screened")).to_be_visible()
    engine.work()
    expect(page.get_by_text("4of 4 screened")).to_be_visible()
    expect(page.get_by_role("button", name="Retry these 4")).to_have_count(0)


def test_a_view_is_corrected_on_the_film_and_taken_back(page, factories, house):
    study = factories.study(house)
    page.goto(f"/studies/{study.pk}/")
    film_is_there(page)
    page.keyboard.press("v")
    expect(page.get_by_role("radio", name="PA")).to_be_focused()
    page.get_by_role("radio", name="lateral").check(force=True)
    page.get_by_role("button", name="Correct the view").click()
    expect(page.get_by_text("View corrected from PA to lateral.")).to_be_visible()
    expect(page.locator("#ai")).to_contain_text("AI not applied: lateral view")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#corner-picture")).to_contain_text("PA")
    assert Image.objects.get().view == "PA"


def test_a_picture_that_cannot_be_decoded_shows_its_header_and_the_next_one_its_film(page, factories, house):
    study = factories.study(house, images=2)
    first = study.images.first()
    Image.objects.filter(pk=first.pk).update(
        gate="undecodable", gate_detail="JPEG XL (1.2.840.10008.1.2.4.112)", viewing="", model_input="", content_hash=""
    )
    page.goto(f"/studies/{study.pk}/")
    expect(page.get_by_role("heading", name="This picture cannot be decoded yet")).to_be_visible()
    page.keyboard.press(".")
    expect(page.get_by_role("heading", name="This picture cannot be decoded yet")).to_be_hidden()
    expect(page.locator("#corner-picture")).to_contain_text("8 bit")
