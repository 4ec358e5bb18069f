"""A real browser: Debian's chromium, driven by Playwright. Its console must stay silent."""

import os
import shutil

import pytest

# Nothing of the browser's own may go out: no updates, no sync, no field trials.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip

PASSWORD = "correct horse battery"


def film_is_there(page):
    """Wait until a page of a study shows its film; before that a page may still be arriving, and keys are early."""
    page.locator("#film-state").wait_for(state="hidden")
    page.locator("#corner-window", has_text="zoom").wait_for(state="attached")
    page.wait_for_load_state()


def drawn_anew(page):
    """Wait until a page has drawn what was asked of it: the frame that is due, and the one after it."""
    page.evaluate("() => new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(then)))")


@pytest.fixture(scope="session")
def chromium():
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        pytest.skip("no chromium on PATH (apt-get install chromium)")
    # As patient as a page is below: several processes of tests may share the processors.
    sync_api.expect.set_options(timeout=60_000)
    # Playwright's loop runs in this thread, and Django then takes every query for one of an event loop's.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def factories(transactional_db):
    from tests import factories

    return factories


@pytest.fixture
def open_page(chromium, live_server):
    """A function: a page of a fresh browser profile. At the end every page must have kept its console silent, but for
    lines with a word that the page was opened to `tolerate`."""
    complaints, contexts = [], []

    def opened(tolerate="\0", **options):
        context = chromium.new_context(base_url=live_server.url, viewport={"width": 1440, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60000)
        page.on(
            "console", lambda line: line.type == "error" and tolerate not in line.text and complaints.append(line.text)
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield opened
    heard = list(complaints)  # a poll that the closing cuts off complains, and means nothing
    for context in contexts:
        context.close()
    assert heard == []


@pytest.fixture
def log_in():
    """A function: log `person` in through the login page."""

    def logged_in(page, person, password):
        page.goto("/login/")
        page.get_by_label("Name").fill(person.username)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(lambda url: "login" not in url)
        return page

    return logged_in


@pytest.fixture
def home(factories):
    factories.active_model()
    return factories.site(name="General Hospital")


@pytest.fixture
def reader(factories, home):
    return factories.radiologist(home, password=PASSWORD)


@pytest.fixture
def page(open_page, log_in, reader):
    return log_in(open_page(), reader, PASSWORD)
