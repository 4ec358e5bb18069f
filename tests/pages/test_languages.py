"""The languages of the pages: choosing one, what scripts get of it, and that no text lacks a translation."""

import gettext
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from webportal.templatetags.firstread import thousands, up_to

ROOT = Path(__file__).resolve().parents[2]
LOCALE = ROOT / "webportal" / "locale"
TRANSLATED = [code for code, _ in settings.LANGUAGES if code != "en"]
DOMAINS = ["django", "djangojs"]
WITH_TEXTS = {".py", ".html", ".txt", ".js"}


@pytest.fixture
def client(as_person, reader):
    return as_person(reader)


def language_of(answer):
    return re.search(r'<html lang="(\w+)" dir="(\w+)"', answer.content.decode()).groups()


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_switch_changes_the_language_and_keeps_the_page(client, code):
    page = "/worklist/?show=likely"
    assert language_of(client.get(page)) == ("en", "ltr")
    answer = client.post("/language/", {"language": code, "next": page})
    assert (answer.status_code, answer.url) == (302, page)
    assert language_of(client.get(page)) == (code, "ltr")


def test_the_switch_stands_in_the_menu_and_on_the_login_page_and_needs_no_script(client):
    for answer, page in [(client.get("/studies/?page=1"), "/studies/?page=1"), (Client().get("/login/"), "/login/")]:
        form = re.search(r'<form[^>]*action="/language/".*?</form>', answer.content.decode(), re.DOTALL)[0]
        assert f'name="next" value="{page}"' in form
        assert all(name in form for _, name in settings.LANGUAGES)
        assert "<button" in form


def test_a_stranger_chooses_too_and_the_login_keeps_it(factories, home):
    factories.radiologist(home, username="rad", password="correct horse battery")
    stranger = Client()
    stranger.post("/language/", {"language": "fr", "next": "/login/"})
    assert language_of(stranger.get("/login/")) == ("fr", "ltr")
    stranger.post("/login/", {"username": "rad", "password": "correct horse battery"})
    assert language_of(stranger.get("/worklist/")) == ("fr", "ltr")


def test_the_switch_leads_to_no_other_site(client):
    answer = client.post("/language/", {"language": "es", "next": "https://elsewhere.example/"})
    assert answer.url == "/"


def test_an_unknown_language_changes_nothing(client):
    client.post("/language/", {"language": "xx", "next": "/worklist/"})
    assert language_of(client.get("/worklist/")) == ("en", "ltr")


def test_a_page_follows_the_browser_until_somebody_chooses(client):
    assert language_of(client.get("/worklist/", headers={"Accept-Language": "sw, en;q=0.5"})) == ("sw", "ltr")
    client.post("/language/", {"language": "en", "next": "/worklist/"})
    assert language_of(client.get("/worklist/", headers={"Accept-Language": "sw, en;q=0.5"})) == ("en", "ltr")


@pytest.mark.parametrize("code", ["en", *TRANSLATED])
def test_scripts_get_the_words_of_the_page_before_they_run(code):
    stranger = Client(headers={"Accept-Language": code})
    page = stranger.get("/login/").content.decode()
    assert page.index(f'<script src="/words/{code}" defer>') < page.index("webportal/site.js")
    answer = stranger.get(f"/words/{code}", headers={"Accept-Language": "en"})
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Cache-Control"] == "private, max-age=3600"
    assert "gettext" in answer.content.decode()


def test_there_are_no_words_of_an_unknown_language():
    assert Client().get("/words/xx").status_code == 404


def test_numbers_are_written_as_the_language_writes_them():
    written = {}
    for code, _ in settings.LANGUAGES:
        with translation.override(code):
            written[code] = thousands(12345), up_to(5000, 1000)
    plain, french = ("12,345", "1,000+"), ("12\xa0345", "1\xa0000+")
    assert written == {"en": plain, "es": french, "fr": french, "hi": plain, "sw": plain}


def test_numbers_that_the_browser_reads_stay_as_it_reads_them(as_person, factories):
    text = as_person(factories.administrator()).get("/simulation/", headers={"Accept-Language": "fr"}).content.decode()
    assert 'step="0.5"' in text
    assert not re.search(r'\b(?:value|min|max|step|width|height|x|y|cx|cy|points)="\d+,\d+"', text)


@pytest.fixture(scope="module")
def extracted(tmp_path_factory):
    """A copy of the code, in whose locale folder the catalogues are merged with what the code says now."""
    if not shutil.which("xgettext"):
        pytest.skip("needs GNU gettext (xgettext): apt-get install gettext")
    copy = tmp_path_factory.mktemp("texts")
    for package in ("webportal", "screening", "workers"):
        for source in (ROOT / package).rglob("*"):
            if source.suffix in WITH_TEXTS and "vendor" not in source.parts:
                target = copy / source.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
    if LOCALE.is_dir():
        shutil.copytree(LOCALE, copy / "locale")
    (copy / "locale").mkdir(exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    for domain in DOMAINS:
        languages = [part for code in TRANSLATED for part in ("-l", code)]
        command = [sys.executable, "-m", "django", "makemessages", "-d", domain, "--no-wrap", *languages]
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return copy / "locale"


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("code", TRANSLATED)
def test_every_text_has_a_translation(extracted, code, domain):
    merged = extracted / code / "LC_MESSAGES" / f"{domain}.po"
    missing = {kind: texts(merged, kind) for kind in ("--untranslated", "--only-fuzzy")}
    assert missing == {"--untranslated": [], "--only-fuzzy": []}


def texts(catalogue, kind):
    """The texts of a catalogue's entries of a kind; of none where msgattrib finds none."""
    command = ["msgattrib", kind, "--no-obsolete", "--no-wrap", catalogue]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [text for text in re.findall(r'^msgid "(.*)"$', found, re.MULTILINE) if text]


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("code", TRANSLATED)
def test_what_is_compiled_is_what_was_translated(extracted, tmp_path, code, domain):
    source = LOCALE / code / "LC_MESSAGES" / f"{domain}.po"
    made = tmp_path / "made.mo"
    done = subprocess.run(["msgfmt", "--check-format", "-o", made, source], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert compiled(source.with_suffix(".mo")) == compiled(made)


def compiled(path):
    with path.open("rb") as file:
        return gettext.GNUTranslations(file)._catalog
