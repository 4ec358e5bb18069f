"""The worklist by the keyboard alone: filters, views, search; and two readers at one list, where nothing moves."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from screening.models import Priority
from tests.browser.conftest import PASSWORD
from tests.browser.test_reading_room import poll, rows

pytestmark = pytest.mark.browser


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def test_filters_a_view_and_a_search_by_the_keyboard_alone(page, factories, home):
    factories.screened(factories.study(home, patient_id="ROUTINE-1"), 0.9)
    wanted = factories.screened(factories.study(home, patient_id="STAT-1", priority=Priority.STAT), 0.9)
    page.reload()
    press(page, "f")
    press(page, "s")
    press(page, "Tab")
    press(page, "l")
    page.get_by_role("button", name="Show", exact=True).press("Enter")
    page.wait_for_url("**/worklist/?class=stat&band=likely")
    expect(rows(page)).to_have_count(1)
    expect(page.locator("#filters summary")).to_contain_text("Stat, Likely")
    press(page, "f")
    page.get_by_label("Keep these filters as").focus()
    page.keyboard.type("Night")
    with page.expect_navigation():
        press(page, "Enter")
    expect(page.get_by_role("link", name="Night")).to_have_attribute("aria-current", "true")
    press(page, "/")
    page.keyboard.type("routine-")
    press(page, "Enter")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("ROUTINE-1")
    assert "routine" not in page.url.lower().removeprefix("http://")
    page.get_by_role("link", name="Night").press("Enter")
    page.wait_for_url("**/worklist/?class=stat&band=likely")
    press(page, "j", "Enter")
    page.wait_for_url(f"**/studies/{wanted.pk}/")


def test_escape_leaves_a_field_and_the_keys_of_the_rows_hold_again(page, factories, home):
    factories.study(home)
    page.reload()
    press(page, "/", "j", "k")
    expect(page.locator("#search")).to_have_value("jk")
    press(page, "Escape", "j")
    expect(page.locator("tr.cursor")).to_have_count(1)
    press(page, "f", "Escape")
    expect(page.locator("#filters")).not_to_have_attribute("open", "")


def test_two_readers_at_one_filtered_list_and_nothing_moves(page, open_page, log_in, factories, home):
    studies = [
        factories.screened(factories.study(home, patient_id=f"P{n}", ago=timedelta(minutes=9 - n)), 0.9)
        for n in range(3)
    ]
    other = log_in(open_page(), factories.radiologist(home, password=PASSWORD), PASSWORD)
    for each in (page, other):
        each.goto("/worklist/?band=likely")
        expect(rows(each)).to_have_count(3)
    rows(page).nth(1).hover()
    where = rows(page).nth(1).bounding_box()
    press(other, "j", "Enter")
    other.wait_for_url(f"**/studies/{studies[0].pk}/")
    factories.screened(factories.study(home, patient_id="NEW", priority=Priority.STAT), 0.95)
    poll(page)
    expect(page.locator("#pill")).to_contain_text("1 new study, 1 changed: show")
    assert rows(page).nth(1).bounding_box() == where
    expect(rows(page).nth(1)).to_contain_text("P1")
    press(page, ".")
    expect(rows(page)).to_have_count(4)
    expect(rows(page).first).to_contain_text("NEW")
    expect(rows(page).nth(1)).to_contain_text("being read by another reader")


@pytest.mark.parametrize("width", [390, 1440])
def test_filters_and_search_fit_the_window(page, factories, home, reader, width):
    reader.roles = ["radiologist", "clinical_lead"]
    reader.save()
    reader.views.create(name="A name of a view that is rather long", query="class=stat&band=likely")
    factories.screened(factories.study(home), 0.9)
    page.set_viewport_size({"width": width, "height": 844})
    page.goto("/worklist/?class=routine&band=likely")
    for box in page.locator("details.filters summary").all():
        box.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
