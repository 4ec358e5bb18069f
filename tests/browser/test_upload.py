"""Sending films in a real browser: dropped, chosen, refused, retried, and without any script."""

import re

import pytest

from screening.models import Batch, Image, Priority
from tests.intake import films
from tests.intake.conftest import media  # noqa: F401
from workers import dispatch, engine, loading

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "a long enough password"


@pytest.fixture(autouse=True)
def house(factories, media, monkeypatch):  # noqa: F811
    """A site with a model; the rings go nowhere, since the tests screen by themselves."""
    monkeypatch.setattr(dispatch, "ring", lambda ids: None)
    monkeypatch.setattr(dispatch, "ring_for_job", lambda job: None)
    monkeypatch.setattr(loading, "_loaded", {})
    factories.active_model()
    return factories.site("ward", name="St Mary")


@pytest.fixture
def page(open_page, log_in, factories, house):
    person = factories.technologist(house, password=PASSWORD)
    page = log_in(open_page(), person, PASSWORD)
    page.goto("/upload/")
    return page


def folder_of(tmp_path, **files):
    for name, data in files.items():
        (tmp_path / name.replace("_", ".")).write_bytes(data)
    return [str(path) for path in sorted(tmp_path.iterdir()) if path.is_file()]


def count(page, name):
    return page.locator(f"[data-count={name}]")


def test_many_files_are_answered_row_by_row_and_screened(page, tmp_path):
    from playwright.sync_api import expect

    sent = folder_of(
        tmp_path, a_jpg=films.jpeg(1), b_png=films.png(2), c_dcm=films.dicom(3), d_jpg=films.truncated_jpeg(),
        e_jpg=films.jpeg(1), readme_txt=b"hello",
    )  # fmt: skip
    page.get_by_label("Urgent").check()
    page.get_by_label("Name of this batch").fill("Ward C")
    page.locator("#files").set_input_files(sent)
    expect(count(page, "accepted")).to_have_text("3")
    expect(count(page, "duplicate")).to_have_text("1")
    expect(count(page, "refused")).to_have_text("1")
    expect(count(page, "skipped")).to_have_text("1")
    expect(count(page, "left")).to_have_text("0")
    expect(page.get_by_role("row", name="d.jpg")).to_contain_text(re.compile("ends"))
    expect(page.locator("#left-out summary")).to_contain_text("1 file left out")
    batch = Batch.objects.get()
    assert (batch.name, batch.priority, batch.source) == ("Ward C", Priority.URGENT, "page")
    engine.work()
    expect(count(page, "screened")).to_have_text("3")
    expect(page.get_by_role("row", name="b.png").locator(".band")).to_have_text(re.compile("[▲◆▽]"))
    page.get_by_role("link", name="Batch page").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ward C")
    page.get_by_role("link", name="Show it").click()
    expect(page.locator("tbody tr")).to_have_count(1)


def test_a_reader_who_sends_a_single_film_sees_its_study(open_page, log_in, factories, house, tmp_path):
    reader = factories.radiologist(house, password=PASSWORD)
    page = log_in(open_page(), reader, PASSWORD)
    page.goto("/upload/")
    page.locator("#files").set_input_files(folder_of(tmp_path, a_jpg=films.jpeg(1)))
    page.wait_for_url(re.compile("/studies/"))
    assert str(Image.objects.get().study_id) in page.url


def test_the_batch_page_follows_the_screening_by_itself(page, factories, house, tmp_path):
    from playwright.sync_api import expect

    page.locator("#files").set_input_files(folder_of(tmp_path, a_jpg=films.jpeg(1)))
    expect(count(page, "accepted")).to_have_text("1")
    page.get_by_role("link", name="Batch page").click()
    expect(page.get_by_text("0of 1 screened")).to_be_visible()
    engine.work()
    expect(page.get_by_text("1of 1 screened")).to_be_visible()
    expect(page.locator("#batch")).to_have_attribute("hx-trigger", "every 10s")


def test_without_script_the_form_sends_many_files(open_page, log_in, factories, house, tmp_path):
    person = factories.technologist(house, password=PASSWORD)
    page = log_in(open_page(java_script_enabled=False), person, PASSWORD)
    page.goto("/upload/")
    page.get_by_label("Films or ZIPs").set_input_files(
        folder_of(tmp_path, a_jpg=films.jpeg(1), b_jpg=films.truncated_jpeg())
    )
    page.get_by_role("button", name="Send").click()
    page.wait_for_url(re.compile("/batches/"))
    assert page.locator("tbody tr").count() == 2


def test_leaving_in_the_middle_asks_first(page, tmp_path):
    page.evaluate("XMLHttpRequest.prototype.send = function () {}")
    page.locator("#files").set_input_files(folder_of(tmp_path, a_jpg=films.jpeg(1)))
    page.locator(".lane").first.wait_for()
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.click("body")  # a browser asks only where somebody has touched the page
    page.goto("/studies/")
    assert asked == ["beforeunload"]
