"""Second reads in a real browser: by keys alone, from the list to a signature; and the third reader's page."""

import pytest
from playwright.sync_api import expect

from screening import rereading
from screening.models import SecondRead
from tests.browser.conftest import PASSWORD, film_is_there

pytestmark = pytest.mark.browser


@pytest.fixture
def home(factories):
    factories.active_model()
    return factories.site(name="General Hospital", second_read_share=0)


def missed(factories, home, first):
    return factories.read(factories.screened(factories.study(home, age_years=4), 0.1), first, "present", "Left base.")


def test_a_second_reader_works_by_keys_and_a_third_decides(open_page, log_in, factories, home):
    first = factories.radiologist(home)
    study = missed(factories, home, first)
    second, third = (factories.radiologist(home, password=PASSWORD) for _ in range(2))
    page = log_in(open_page(), second, PASSWORD)
    page.get_by_role("link", name="Second reads").click()
    page.wait_for_url("**/second-reads/")
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    page.keyboard.press("n")
    page.wait_for_url("**/second-reads/*-*/")
    film_is_there(page)
    expect(page.locator("#corner-overlay")).to_have_text("")
    page.keyboard.press("2")
    page.keyboard.press("c")
    page.keyboard.type("Clear lungs.")
    expect(page.locator("#kept")).to_contain_text("Draft kept")
    expect(page.locator("#claim")).to_contain_text("yours until")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/second-reads/")
    expect(page.locator(".messages")).to_contain_text("Second read signed: absent.")
    opened = SecondRead.objects.get(study=study)
    assert (opened.stage, opened.second.comment) == ("adjudication", "Clear lungs.")
    page = log_in(open_page(), third, PASSWORD)
    page.goto("/second-reads/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Two readers differ")).to_be_visible()
    film_is_there(page)
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".messages")).to_contain_text("Adjudication signed: present.")


def test_a_lost_claim_on_a_second_read_keeps_the_draft_and_can_be_taken_again(open_page, log_in, factories, home):
    missed(factories, home, factories.radiologist(home))
    second = factories.radiologist(home, password=PASSWORD)
    page = log_in(open_page(), second, PASSWORD)
    opened = rereading.claim_next(second)
    page.goto(f"/second-reads/{opened.pk}/")
    film_is_there(page)
    SecondRead.objects.update(claimed_until=opened.created_at)
    rereading.expire_claims()
    page.get_by_label("Comment").fill("so far")
    expect(page.locator("#kept")).to_contain_text("Your claim on this second read has ended")
    with page.expect_navigation():
        page.get_by_role("button", name="Claim again").dispatch_event("click")
    expect(page.get_by_label("Comment")).to_have_value("so far")
    expect(page.locator("#claim")).to_contain_text("yours until")


@pytest.mark.parametrize("width", [390, 1440])
def test_no_page_of_second_reads_is_wider_than_its_window(open_page, log_in, factories, home, width):
    missed(factories, home, factories.radiologist(home))
    second = factories.radiologist(home, password=PASSWORD)
    page = log_in(open_page(), second, PASSWORD)
    opened = rereading.claim_next(second)
    page.set_viewport_size({"width": width, "height": 844})
    for address in ("/second-reads/", f"/second-reads/{opened.pk}/", "/second-reads/agreement"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
