"""The main job in a real browser: a film goes in, is screened, stands on the worklist, is read and signed."""

import re

import pytest
from PIL import Image as Picture
from playwright.sync_api import expect

from ml import phantom
from screening.models import Read, Study
from tests.browser.conftest import PASSWORD, film_is_there
from workers import engine

pytestmark = pytest.mark.browser


@pytest.fixture
def films_to_send(tmp_path):
    """Two phantoms as files, as a technologist would choose them."""
    for seed in (1, 2):
        Picture.fromarray(phantom.draw(seed, opacity=seed == 1)).save(tmp_path / f"film{seed}.png")
    return sorted(str(path) for path in tmp_path.iterdir())


def test_a_film_is_uploaded_screened_claimed_read_and_signed(open_page, log_in, factories, home, films_to_send):
    sender = log_in(open_page(), factories.technologist(home, password=PASSWORD), PASSWORD)
    sender.get_by_role("link", name="Upload", exact=True).click()
    expect(sender.get_by_role("button", name="Choose files")).to_be_visible()
    sender.locator("#files").set_input_files(films_to_send)
    expect(sender.locator("[data-count=accepted]")).to_have_text("2")

    reader = log_in(open_page(), factories.radiologist(home, password=PASSWORD), PASSWORD)
    rows = reader.locator("#rows tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("AI pending")
    engine.work()
    expect(reader.locator("#rows .band")).to_have_count(2)

    top, following = (row.get_attribute("id")[1:] for row in rows.all())
    rows.first.get_by_role("button", name="Claim").click()
    reader.wait_for_url(f"**/studies/{top}/")
    film_is_there(reader)
    expect(reader.locator("#corner-picture")).to_contain_text("8 bit")
    expect(reader.locator("#ai")).to_contain_text(re.compile("Likely|Uncertain|Less likely"))
    reader.get_by_role("radio", name="Present").check()
    reader.get_by_label("Comment").fill("Right lower zone.")
    reader.get_by_role("button", name="Sign and next").click()
    reader.wait_for_url(f"**/studies/{following}/")
    film_is_there(reader)
    assert Study.objects.get(pk=top).status == "read"
    assert Read.objects.get().comment == "Right lower zone."


def test_a_readers_own_film_opens_and_shows_its_band_once_screened(open_page, log_in, factories, home, films_to_send):
    page = log_in(open_page(), factories.radiologist(home, password=PASSWORD), PASSWORD)
    page.goto("/upload/")
    page.locator("#files").set_input_files(films_to_send[0])
    page.wait_for_url("**/studies/*/")
    film_is_there(page)
    expect(page.locator("#ai")).to_contain_text("AI pending")
    engine.work()
    expect(page.locator("#ai")).to_contain_text(re.compile("Likely|Uncertain|Less likely"))
