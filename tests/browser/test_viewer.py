"""The viewer in a real browser: a preview first, what comes next ahead, and the tools of a workstation."""

import io
import re
from datetime import timedelta

import numpy as np
import pytest
from django.test import Client
from PIL import Image as Picture
from playwright.sync_api import expect

from tests.browser.conftest import drawn_anew

pytestmark = pytest.mark.browser


@pytest.fixture
def home(factories):
    factories.active_model()
    return factories.site(name="General Hospital")


@pytest.fixture
def reader(factories, home):
    return factories.radiologist(home)


@pytest.fixture
def open_as_reader(open_page, live_server, reader):
    """A function: a page of a fresh profile in which the reader is logged in."""

    def opened(**options):
        client, page = Client(), open_page(**options)
        client.force_login(reader)
        page.context.add_cookies(
            [{"name": name, "value": value.value, "url": live_server.url} for name, value in client.cookies.items()]
        )
        return page

    return opened


@pytest.fixture
def page(open_as_reader):
    return open_as_reader()


def deep_film(high=256, wide=384, seed=0):
    """A 16-bit PNG of 12-bit noise over a ramp, dark on its left."""
    noise = np.random.default_rng(seed).normal(0, 60, (high, wide))
    ramp = np.clip(np.linspace(0, 4095, wide) + noise, 0, 4095).astype(np.uint16)
    out = io.BytesIO()
    Picture.fromarray(ramp).save(out, "PNG", compress_level=1)
    return out.getvalue()


@pytest.fixture
def film(factories, home):
    """A study with one deep film of 0.2 mm by 0.1 mm a pixel, at the detector."""
    study = factories.study(home, images=0, patient_id="SAME")
    image = factories.image(study, data=deep_film())
    image.row_spacing_mm, image.column_spacing_mm, image.spacing_at_detector = 0.2, 0.1, True
    image.save()
    return image


def shown(page, pane=0):
    """Waits for the full depth in one pane."""
    expect(page.locator(".pane").nth(pane).locator("[data-part=window]")).to_contain_text("zoom")


def opened(page, study):
    page.goto(f"/studies/{study.pk}/")
    shown(page)
    return page.locator("#film").bounding_box()


# Where something is drawn on the canvas: [left, right, top, bottom] in pixels.
EXTENT = """(canvas) => {
  const { width, height } = canvas, { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const found = [width, 0, height, 0];
  for (let i = 3; i < data.length; i += 4) if (data[i]) {
    const x = (i >> 2) % width, y = Math.floor((i >> 2) / width);
    [found[0], found[1]] = [Math.min(found[0], x), Math.max(found[1], x + 1)];
    [found[2], found[3]] = [Math.min(found[2], y), Math.max(found[3], y + 1)];
  }
  return found; }"""


def pane(page, number):
    return page.locator(".pane").nth(number)


def taken(page, held):
    """The request that was kept back, once it is."""
    while not held:
        page.wait_for_timeout(20)
    return held.pop()


def drag(page, box, *shares):
    """From the first point to the last, each (x, y) a share of the canvas."""
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in shares]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    page.mouse.up()


def test_a_preview_stands_until_the_full_depth_is_there_and_stays_where_it_does_not_come(open_as_reader, film):
    page = open_as_reader(tolerate="Failed to load resource")
    held = []
    page.route("**/viewing", lambda route: held.append(route))  # noqa: PLW0108 (Playwright marks what it is given)
    page.goto(f"/studies/{film.study.pk}/")
    window = pane(page, 0).locator("[data-part=window]")
    expect(window).to_contain_text("preview")
    expect(page.locator("#film-state")).to_be_hidden()
    middle = "c => c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data[0]"
    assert 60 < page.locator("#film").evaluate(middle) < 200
    page.keyboard.press("r")  # what is done meanwhile stays done
    taken(page, held).abort()
    problem = pane(page, 0).locator(".problem")
    expect(problem).to_contain_text("the connection broke off")
    expect(problem).to_contain_text("The preview stays")
    expect(window).to_have_text("preview")
    page.unroute("**/viewing")
    problem.get_by_role("button", name="Try again").click()
    shown(page)
    expect(problem).to_be_hidden()
    expect(page.locator("#corner-overlay")).to_contain_text("turned 90")


@pytest.mark.parametrize(("damage", "reason"), [("gone", "missing"), ("cut", "damaged")])
def test_a_film_that_is_lost_on_the_disk_says_what_it_was_and_what_to_do(open_as_reader, film, damage, reason):
    page = open_as_reader(tolerate="404")
    film.model_input.storage.delete(film.model_input.name)
    if damage == "gone":
        film.viewing.storage.delete(film.viewing.name)
    else:
        with film.viewing.storage.open(film.viewing.name, "r+b") as file:
            file.truncate(1000)
    page.goto(f"/studies/{film.study.pk}/")
    problem = pane(page, 0).locator(".problem")
    for words in (f"The stored picture is {reason}", "PA", "384 × 256, 16 bit", "png", "Tell an administrator"):
        expect(problem).to_contain_text(words)


def marked(page, name):
    """Milliseconds from the navigation's start to a mark of the page, once it is there."""
    return page.evaluate(
        """(name) => new Promise((found, missed) => {
        setTimeout(() => missed(`no mark ${name}`), 60000);
        const look = () => {
          const [mark] = performance.getEntriesByName(name);
          if (mark) found(mark.startTime); else setTimeout(look, 20);
        };
        look(); })""",
        name,
    )


def test_the_next_study_stands_at_once_for_it_was_fetched_ahead(page, factories, home, reader):
    from screening.models import Event

    now, following = (factories.study(home, images=0, priority=priority) for priority in (0, 1))
    factories.image(now, data=deep_film())
    factories.image(following, data=deep_film(1400, 1200, seed=1))
    page.goto("/worklist/")
    page.keyboard.press("n")
    page.wait_for_url(f"**/studies/{now.pk}/")
    marked(page, "ahead")
    assert not Event.objects.filter(kind="view", study=following).exists()
    page.keyboard.press("2")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/studies/{following.pk}/")
    took = marked(page, "film")
    sizes = page.evaluate(
        """() => performance.getEntriesByType("resource").filter((each) => /viewing$|preview$/.test(each.name))
        .map((each) => each.transferSize)"""
    )
    print(f"the next film of 1.7 megapixels stood {took:.0f} ms after signing")
    assert sizes == [0, 0]
    assert Event.objects.filter(kind="view", study=following).count() == 1


def test_a_line_is_measured_in_millimetres_however_the_film_lies(page, film):
    box = opened(page, film.study)
    page.keyboard.press("m")
    drag(page, box, (0.4, 0.5), (0.5, 0.5), (0.6, 0.5))
    words = page.locator(".lines text")
    expect(words).to_have_text(re.compile(r"^\d+\.\d mm, at the detector$"))
    across = words.text_content()
    for key in "rfi":
        page.keyboard.press(key)
    page.mouse.wheel(0, -200)
    expect(words).to_have_text(across)
    page.locator("#film").focus()
    page.keyboard.press("Space")
    expect(words).to_have_count(2)
    before = words.nth(1).text_content()
    for _ in range(9):
        page.keyboard.press("Shift+ArrowLeft")
    expect(words.nth(1)).not_to_have_text(before)
    page.keyboard.press("Backspace")
    expect(words).to_have_count(1)
    page.keyboard.press("Backspace")
    expect(words).to_have_count(0)


def test_lengths_and_places_come_out_right(page, film):
    opened(page, film.study)
    found = page.evaluate(
        """async () => {
        const { length, lengthWords, toFilm, toScreen } = await import("/static/webportal/viewing/geometry.js");
        const line = [[10, 10], [40, 50]], spacing = { row: 0.2, column: 0.1, atDetector: false };
        const view = { width: 300, height: 200, wide: 900, high: 700, zoom: 1.5, x: 20, y: -30 };
        const far = [];
        for (const turns of [0, 1, 2, 3]) for (const flipped of [false, true]) {
          const [x, y] = toFilm(toScreen([17, 131], { ...view, turns, flipped }), { ...view, turns, flipped });
          far.push(Math.hypot(x - 17, y - 131));
        }
        const corner = toScreen([0, 0], { ...view, turns: 1, flipped: false });
        return { mm: length(line, spacing), pixels: length(line, null), far: Math.max(...far), corner,
                 words: [lengthWords(line, spacing), lengthWords(line, null)] };
        }"""
    )
    assert found["mm"] == pytest.approx(np.hypot(30 * 0.1, 40 * 0.2))
    assert found["pixels"] == 50
    assert found["far"] < 1e-9
    # A quarter to the right puts the upper left corner at the upper right.
    assert found["corner"] == [450 + 20 + 150, 350 - 30 - 225]
    assert found["words"] == ["8.5 mm", "50 pixels; no spacing known"]


def test_presets_and_the_magnifier_work_by_keys(page, film):
    opened(page, film.study)
    window = page.locator("#corner-window")
    said = {}
    for key in "1234":
        page.keyboard.press(f"Shift+Digit{key}")
        drawn_anew(page)
        width, level = re.match(r"W (\d+) L (\d+)", window.inner_text()).groups()
        said[key] = int(width), int(level)
    assert said["2"][0] >= said["1"][0] > said["3"][0]
    assert said["3"][1] < said["1"][1] < said["4"][1]
    assert page.locator("input[name=finding]:checked").count() == 0
    page.keyboard.press("l")
    expect(page.locator("#presets")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#presets")).to_be_hidden()
    page.locator("#film").focus()
    page.keyboard.press("g")
    drawn_anew(page)
    before = page.locator("#film").evaluate("c => c.toDataURL()")
    page.keyboard.press("ArrowLeft")
    drawn_anew(page)
    assert page.locator("#film").evaluate("c => c.toDataURL()") != before
    expect(page.get_by_role("button", name="Magnifier")).to_have_attribute("aria-pressed", "true")


def test_an_earlier_film_stands_beside_the_new_one_with_a_window_of_its_own(page, factories, home, reader, film):
    from screening.models import Event

    prior = factories.study(home, images=0, patient_id="SAME", ago=timedelta(days=200))
    factories.image(prior, data=deep_film(seed=3))
    factories.read(prior, reader, "absent")
    opened(page, film.study)
    looks = Event.objects.filter(kind="view", study=prior).exclude(detail__has_key="beside")
    assert not looks.exists()
    page.keyboard.press("b")
    shown(page, 1)
    assert looks.filter(actor=reader).count() == 1
    right = pane(page, 1)
    expect(right.locator("[data-part=study]")).to_contain_text(re.compile("earlier: .*, absent"))
    expect(right).to_have_class(re.compile("active"))
    before = page.locator("#corner-window").inner_text()
    page.keyboard.press("Shift+Digit3")
    expect(right.locator("[data-part=window]")).not_to_contain_text(before.split("\n")[0])
    expect(page.locator("#corner-window")).to_contain_text(before.split("\n")[0])
    page.locator("#film").click()
    expect(pane(page, 0)).to_have_class(re.compile("active"))
    page.keyboard.press("b")
    expect(right).to_be_hidden()


def test_preview_and_film_stand_in_the_same_place(page, factories, home):
    study = factories.study(home, images=0)
    factories.image(study, data=deep_film(600, 300))
    held = []
    page.route("**/viewing", lambda route: held.append(route))  # noqa: PLW0108 (Playwright marks what it is given)
    page.goto(f"/studies/{study.pk}/")
    expect(pane(page, 0).locator("[data-part=window]")).to_contain_text("preview")
    before = page.locator("#film").evaluate(EXTENT)
    taken(page, held).continue_()
    shown(page)
    after = page.locator("#film").evaluate(EXTENT)
    assert after == pytest.approx(before, abs=2)
    assert (after[3] - after[2]) / (after[1] - after[0]) == pytest.approx(2, abs=0.02)


def test_the_lateral_film_comes_beside_the_frontal_one(page, factories, home):
    study = factories.study(home)
    factories.image(study, seed=5, view="LATERAL", gate="lateral")
    opened(page, study)
    page.keyboard.press("b")
    shown(page, 1)
    expect(pane(page, 1).locator("[data-part=picture]")).to_contain_text("lateral")
    expect(pane(page, 1).locator(".notes")).to_be_visible()


def test_a_phone_holds_film_and_tools(open_as_reader, film):
    page = open_as_reader()
    page.set_viewport_size({"width": 390, "height": 844})
    box = opened(page, film.study)
    assert box["y"] + box["height"] < 0.75 * 844
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Reset", exact=True).scroll_into_view_if_needed()
    page.get_by_role("button", name="Window presets").click()
    expect(page.get_by_role("button", name="Lung")).to_be_in_viewport()
