"""Two tabs of one reader, two readers of one site, and finding before score, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD, film_is_there

pytestmark = pytest.mark.browser


def kept(page):
    return page.locator("#kept")


def test_two_tabs_of_one_reader_never_overwrite_each_other(page, factories, home, reader):
    study = factories.claimed(factories.study(home), reader)
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto(f"/studies/{study.pk}/")
    page.get_by_label("Comment").fill("first tab")
    expect(kept(page)).to_contain_text("Draft kept")
    # A second draft of the same tab follows the first and is no conflict.
    page.get_by_label("Comment").fill("first tab, more")
    with page.expect_response("**/draft"):
        page.keyboard.press("Escape")
    expect(kept(page)).to_contain_text("Draft kept")
    other.get_by_label("Comment").fill("second tab")
    expect(kept(other)).to_contain_text("first tab, more")
    expect(other.get_by_label("Comment")).to_have_value("second tab")
    other.get_by_role("button", name="Keep this one").dispatch_event("click")
    expect(kept(other)).to_contain_text("Draft kept")
    assert study.drafts.get().comment == "second tab"


def test_a_whole_report_by_keys_is_signed_while_its_draft_is_on_the_way(page, factories, home, reader):
    study = factories.claimed(factories.screened(factories.study(home), 0.9), reader)
    factories.study(home)
    page.goto(f"/studies/{study.pk}/")
    film_is_there(page)
    for key in "16tt":
        page.keyboard.press(key)
    page.keyboard.press("u")
    page.keyboard.type("free air")
    page.get_by_label("Told to").fill("duty doctor")
    expect(page.get_by_label("Told at")).not_to_have_value("")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").first).to_contain_text("Signed: present")
    read = study.reads.get()
    assert (read.side, read.certainty, read.urgent, read.told_to) == ("left", "probable", "free air", "duty doctor")
    assert abs((read.told_at - read.signed_at).total_seconds()) < 120


def test_what_one_reader_has_the_other_does_not_get_and_may_be_handed(page, open_page, log_in, factories, home, reader):
    study = factories.claimed(factories.screened(factories.study(home), 0.9), reader)
    colleague = factories.radiologist(home, password=PASSWORD, first_name="Ben", last_name="Two")
    page.goto(f"/studies/{study.pk}/")
    page.get_by_label("Comment").fill("left base?")
    expect(kept(page)).to_contain_text("Draft kept")
    other = log_in(open_page(), colleague, PASSWORD)
    other.goto(f"/studies/{study.pk}/")
    expect(other.locator("#read")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    page.get_by_label("Hand over to", exact=True).select_option("Ben Two")
    page.get_by_role("button", name="Hand over", exact=True).click()
    page.wait_for_url("**/worklist/")
    other.reload()
    expect(other.get_by_label("Comment")).to_have_value("left base?")
    other.keyboard.press("2")
    other.keyboard.press("Control+Enter")
    other.wait_for_url("**/worklist/")
    other.keyboard.press("y")
    other.keyboard.press("5")
    expect(other.get_by_role("status").first).to_contain_text("Noted")
    assert study.reads.get().overruling.reason == "faint"


def test_the_finding_comes_before_the_score(page, factories, home, reader):
    home.blind_first = True
    home.save()
    study = factories.claimed(factories.screened(factories.study(home), 0.9), reader)
    page.goto(f"/studies/{study.pk}/")
    expect(page.locator("#ai")).to_contain_text("Your finding comes first")
    expect(page.locator(".look").first).to_be_hidden()
    page.keyboard.press("s")
    expect(page.locator("#ai")).to_contain_text("Choose a finding first")
    page.keyboard.press("2")
    expect(kept(page)).to_contain_text("Draft kept")
    page.keyboard.press("s")
    expect(page.locator("#ai")).to_contain_text("score 90")
    expect(page.locator(".look").first).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/worklist/")
    read = study.reads.get()
    assert (read.finding, read.blind_finding) == ("present", "absent")
