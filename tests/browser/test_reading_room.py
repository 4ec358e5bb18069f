"""The radiologist's day in a real browser: worklist, claiming, the film, signing, the next study."""

import re
from datetime import timedelta

import numpy as np
import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD, drawn_anew, film_is_there
from workers import engine

pytestmark = pytest.mark.browser


def rows(page):
    return page.locator("#rows tbody tr")


def poll(page):
    """Ask for the worklist now, without waiting for the next poll."""
    with page.expect_response("**/worklist/**"):
        page.evaluate("htmx.trigger('#list', 'refresh')")


def test_a_morning_with_the_keyboard_alone(page, factories, home):
    first = factories.screened(factories.study(home, patient_id="FIRST"), 0.95)
    factories.screened(factories.study(home, patient_id="SECOND"), 0.1)
    page.reload()
    expect(rows(page)).to_have_count(2)
    page.keyboard.press("n")
    page.wait_for_url(f"**/studies/{first.pk}/")
    film_is_there(page)
    page.keyboard.press("2")
    page.keyboard.press("c")
    page.keyboard.type("Clear lungs.")
    expect(page.locator("#kept")).to_contain_text("Draft kept")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="SECOND")).to_be_visible()
    expect(page.get_by_role("status").first).to_contain_text("Signed: absent")
    film_is_there(page)
    page.keyboard.press("4")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/worklist/")
    expect(page.get_by_role("heading", name="All read")).to_be_visible()
    assert [read.finding for read in first.reads.all()] == ["absent"]


def test_j_k_and_enter_claim_the_marked_study(page, factories, home):
    studies = [factories.study(home, ago=timedelta(minutes=n)) for n in (2, 1)]
    page.reload()
    for key in "jjkj":
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/studies/{studies[1].pk}/")


def test_two_readers_who_press_next_get_two_studies(page, open_page, log_in, factories, home):
    studies = [factories.study(home) for _ in range(2)]
    other = log_in(open_page(), factories.radiologist(home, password=PASSWORD), PASSWORD)
    for each in (page, other):
        each.goto("/worklist/")
        each.keyboard.press("n")
        each.wait_for_url("**/studies/**")
    assert {page.url.split("/")[-2], other.url.split("/")[-2]} == {str(study.pk) for study in studies}


def test_a_new_study_comes_by_itself_and_is_told(page, factories, home):
    factories.study(home)
    poll(page)
    expect(rows(page)).to_have_count(1)
    expect(page.locator("#heard")).to_have_text("1 new study")


def test_no_row_moves_under_the_pointer(page, factories, home):
    factories.study(home, patient_id="OLD")
    page.reload()
    rows(page).first.hover()
    factories.screened(factories.study(home, patient_id="NEW"), 0.99)
    poll(page)
    expect(page.locator("#pill")).to_contain_text("1 new study: show")
    expect(rows(page)).to_have_count(1)
    page.keyboard.press(".")
    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_contain_text("NEW")


def test_a_marked_row_keeps_its_mark_when_the_list_changes(page, factories, home):
    factories.study(home, patient_id="MINE")
    page.reload()
    page.keyboard.press("j")
    factories.screened(factories.study(home), 0.99)
    poll(page)
    page.keyboard.press(".")
    expect(page.locator("tr.cursor")).to_contain_text("MINE")


def deep_film(high=64, wide=96):
    """A 16-bit PNG of a 12-bit ramp, 256 rows a step: what an 8-bit viewer would show as nearly black."""
    import io

    from PIL import Image

    ramp = np.tile(np.linspace(0, 4095, wide * 4, dtype=np.uint16), (high * 4, 1))
    out = io.BytesIO()
    Image.fromarray(ramp).save(out, "PNG")
    return out.getvalue()


def grey_at(page, x, y):
    """The grey value on the screen at a share of the canvas."""
    return page.evaluate(
        """([x, y]) => { const c = document.getElementById("film");
        return c.getContext("2d").getImageData(c.width * x, c.height * y, 1, 1).data[0]; }""",
        [x, y],
    )


def test_a_deep_film_is_shown_at_its_depth_through_the_window(page, factories, home):
    study = factories.study(home, images=0)
    factories.image(study, data=deep_film())
    page.goto(f"/studies/{study.pk}/")
    film_is_there(page)
    shades = [grey_at(page, 0.5, 0.5), grey_at(page, 0.505, 0.5), grey_at(page, 0.51, 0.5)]
    assert 110 < shades[0] < shades[1] < shades[2] < 145
    page.keyboard.press("i")
    drawn_anew(page)
    assert grey_at(page, 0.51, 0.5) == 255 - shades[2]


def test_the_tools_turn_flip_zoom_and_take_it_all_back(page, factories, home):
    study = factories.study(home, images=0)
    factories.image(study, data=deep_film())
    page.goto(f"/studies/{study.pk}/")
    film_is_there(page)
    before = page.locator("#corner-window").inner_text()
    page.keyboard.press("f")
    expect(page.locator("#corner-overlay")).to_contain_text("flipped")
    page.keyboard.press("r")
    expect(page.locator("#corner-overlay")).to_contain_text("turned 90°")
    box = page.locator("#film").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 300)
    page.mouse.wheel(0, -400)
    page.mouse.down()
    page.mouse.move(box["x"] + 380, box["y"] + 240)
    page.mouse.up()
    expect(page.locator("#corner-window")).not_to_have_text(before)
    page.keyboard.press("0")
    expect(page.locator("#corner-window")).to_have_text(before, use_inner_text=True)


def test_where_the_model_looked_stays_hidden_until_it_is_asked_for(page, factories, home):
    study = factories.screened(factories.study(home), 0.9)
    page.goto(f"/studies/{study.pk}/")
    film_is_there(page)
    expect(page.locator("#corner-overlay")).to_have_text("AI overlay off")
    with page.expect_response("**/explain"):
        page.keyboard.press("h")
    engine.explain()
    expect(page.locator("#corner-overlay")).to_contain_text("not where disease is")
    page.keyboard.press("h")
    expect(page.locator("#corner-overlay")).to_have_text("AI overlay off")


def test_an_answer_that_comes_while_one_reads_waits_to_be_opened(page, factories, home, reader):
    study = factories.claimed(factories.study(home), reader)
    page.goto(f"/studies/{study.pk}/")
    expect(page.locator("#ai")).to_contain_text("AI pending")
    engine.work()
    expect(page.locator("#news")).to_contain_text("The AI's answer has come")
    expect(page.locator("#ai")).to_contain_text("AI pending")
    page.get_by_role("button", name="Open it").evaluate("button => { button.dataset.first = 'yes'; }")
    for _ in range(2):  # told the same again, the page leaves it as it is
        page.wait_for_event("response", lambda answer: "quiet=1" in answer.url)
    expect(page.locator("#open-answer[data-first]")).to_have_count(1)
    page.get_by_role("button", name="Open it").click()
    expect(page.locator("#ai")).to_contain_text("score")


def test_a_lost_claim_says_so_keeps_the_draft_and_can_be_taken_again(page, factories, home, reader):
    from screening import reading
    from screening.models import Study

    study = factories.claimed(factories.study(home), reader)
    page.goto(f"/studies/{study.pk}/")
    Study.objects.filter(pk=study.pk).update(claimed_until=study.received_at)
    reading.expire_claims()
    page.get_by_label("Comment").fill("so far")
    expect(page.locator("#kept")).to_contain_text("Your claim on this study has ended")
    with page.expect_navigation():
        page.get_by_role("button", name="Claim again").dispatch_event("click")
    expect(page.locator("#claim")).to_contain_text("yours until")
    expect(page.get_by_label("Comment")).to_have_value("so far")


def test_the_theme_is_chosen_and_stays(page):
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Light").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


@pytest.mark.parametrize("width", [390, 1440])
def test_no_page_is_wider_than_its_window(page, factories, home, width):
    study = factories.screened(factories.study(home, patient_name="A^VERY LONG NAME INDEED", patient_id="X" * 40), 0.9)
    page.set_viewport_size({"width": width, "height": 844})
    for address in ("/worklist/", "/studies/", f"/studies/{study.pk}/", "/password/"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_times_are_said_in_the_readers_own_zone(open_page, log_in, reader, factories, home):
    factories.study(home)
    page = log_in(open_page(timezone_id="Asia/Kolkata"), reader, PASSWORD)
    said = page.locator("#rows time").first
    expect(said).to_have_text(re.compile(r"^(tomorrow )?\d\d:\d\d$"))
    instant = said.get_attribute("datetime")
    here = page.evaluate("(iso) => new Date(iso).toTimeString().slice(0, 5)", instant)
    assert said.inner_text().endswith(here)


def test_an_idle_reader_is_asked_and_keeps_the_claim_by_a_click(page, factories, home, reader):
    study = factories.claimed(factories.study(home), reader)
    until = study.claimed_until
    page.clock.install()
    page.goto(f"/studies/{study.pk}/")
    film_is_there(page)
    expect(page.locator("#idle")).to_be_hidden()
    page.clock.fast_forward("10:10")
    expect(page.locator("#idle")).to_be_visible()
    with page.expect_response("**/draft"):
        page.get_by_role("button", name="Keep it").click()
    study.refresh_from_db()
    assert study.claimed_until > until


def test_a_key_pressed_twice_claims_one_study(page, factories, home, reader):
    for _ in range(2):
        factories.study(home)
    page.reload()
    page.evaluate("() => { const form = document.getElementById('next'); form.requestSubmit(); form.requestSubmit(); }")
    page.wait_for_url("**/studies/*/")
    assert reader.claims.count() == 1


def test_the_keys_are_read_from_their_heading_on(page, factories, home):
    page.goto(f"/studies/{factories.study(home).pk}/")
    film_is_there(page)
    page.keyboard.press("?")
    heading = page.get_by_role("heading", name="Keys on the reading page")
    expect(heading).to_be_in_viewport(ratio=1)
    expect(heading).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#help").get_by_role("button", name="Close")).to_be_focused()


def test_a_logout_takes_no_word_away_and_a_login_elsewhere_goes_on(open_page, log_in, reader, factories, home):
    page = log_in(open_page(tolerate="401"), reader, PASSWORD)
    study = factories.claimed(factories.study(home), reader)
    page.goto(f"/studies/{study.pk}/")
    film_is_there(page)
    Session.objects.all().delete()
    page.get_by_label("Comment").fill("left base, faint")
    line = page.locator(".offline")
    expect(line).to_contain_text("You are logged out")
    page.wait_for_timeout(4500)  # the page has asked by itself, too
    expect(page.get_by_label("Comment")).to_have_value("left base, faint")
    with page.expect_popup() as opened:
        line.get_by_role("link").click()
    other = opened.value
    other.get_by_label("Name").fill(reader.username)
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Log in").click()
    other.wait_for_url("**/worklist/")
    page.get_by_label("Comment").fill("left base, faint opacity")
    expect(page.locator("#kept")).to_contain_text("Draft kept")
    expect(line).to_be_hidden()
    page.get_by_label("absent").check(force=True)
    page.get_by_role("button", name=re.compile("^Sign")).first.click()
    page.wait_for_url(lambda address: str(study.pk) not in address)
    assert study.reads.get().comment == "left base, faint opacity"


def test_a_draft_that_is_refused_is_not_said_to_be_kept(open_page, log_in, reader, factories, home):
    page = log_in(open_page(tolerate="404"), reader, PASSWORD)
    study = factories.claimed(factories.study(home), reader)
    page.goto(f"/studies/{study.pk}/")
    film_is_there(page)
    reader.sites.clear()
    page.get_by_label("Comment").fill("left base")
    expect(page.locator(".offline")).to_contain_text("This was not kept")
    page.wait_for_timeout(4500)
    expect(page.locator(".offline")).to_be_visible()


def test_a_film_that_another_reader_has_is_faded_and_a_free_one_is_not(page, factories, home):
    factories.study(home, patient_id="FREE")
    factories.claimed(factories.study(home, patient_id="TAKEN"), factories.radiologist(home))
    page.reload()
    faded = {name: page.locator("#rows tr", has_text=name).locator(".thumb") for name in ("FREE", "TAKEN")}
    assert {name: thumb.evaluate("each => getComputedStyle(each).opacity") for name, thumb in faded.items()} == {
        "FREE": "1", "TAKEN": "0.45",
    }  # fmt: skip
