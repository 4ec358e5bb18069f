"""Five thousand films by each way in: as many receipts, none lost, none doubled, and how much memory it took."""

import json
import sys
import time

import pytest
import requests
from knox.models import AuthToken

from screening.models import Image, Job, Receipt, Study
from tests import factories
from tests.faults.conftest import until
from tests.load.conftest import bad_films, films, laid, packed, running

pytestmark = [pytest.mark.load, pytest.mark.slow]
FILMS = 5_000
LONGEST_S = 1_800
PORTAL_MB = 300


@pytest.fixture
def say(record_property, capsys):
    """A function that prints a figure and leaves it in the report."""

    def say(**figures):
        for name, figure in figures.items():
            record_property(name, round(figure, 1))
        with capsys.disabled():
            print("", *(f"{name} {figure:.1f}" for name, figure in figures.items()), sep="  ")

    return say


def outcomes():
    found = {}
    for outcome, reason in Receipt.objects.values_list("outcome", "reason"):
        found[outcome, reason] = found.get((outcome, reason), 0) + 1
    return found


def send(address, home, path):
    """Send a ZIP into a new batch; 202 comes once its bytes are on disk."""
    person = factories.technologist(home)
    session = requests.Session()
    session.headers["Authorization"] = f"Token {AuthToken.objects.create(person)[1]}"
    until(lambda: _answers(session, f"{address}/healthz"), 60, "the portal")
    batch = session.post(f"{address}/api/v1/batches", json={"site": home.code}).json()["id"]
    with path.open("rb") as file:
        sent = session.post(f"{address}/api/v1/batches/{batch}/files", files={"file": file})
    assert sent.status_code == 202, sent.text


def _answers(session, url):
    try:
        return session.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


def unpacked(portal, operations, home, path):
    """Seconds from sending a ZIP to its last receipt."""
    began = time.monotonic()
    send(portal[0], home, path)
    until(lambda: Job.objects.get().state == "done", LONGEST_S, "the archive taken")
    return time.monotonic() - began


def test_a_zip_of_5000_films_gives_5000_receipts(portal, operations, home, tmp_path, say):
    seconds = unpacked(portal, operations, home, packed(tmp_path / "films.zip", films(FILMS)))
    assert outcomes() == {("accepted", ""): FILMS}
    assert Image.objects.count() == Study.objects.count() == FILMS
    assert sorted(Receipt.objects.values_list("entry", flat=True)) == list(range(1, FILMS + 1))
    say(seconds=seconds, portal_mb=portal[1].together, worker_mb=operations.alone, worker_family_mb=operations.together)
    assert portal[1].together < 2 * PORTAL_MB  # two processes and their parent


def test_a_zip_of_5000_good_films_and_2_bad_ones_gives_5000_and_2_reasons(portal, operations, home, tmp_path, say):
    path = packed(tmp_path / "films.zip", [*films(FILMS // 2), *bad_films(), *list(films(FILMS))[FILMS // 2 :]])
    seconds = unpacked(portal, operations, home, path)
    found = outcomes()
    assert found.pop(("accepted", "")) == FILMS
    assert sorted(found) == [("rejected", "truncated"), ("rejected", "unsupported_type")]
    assert Image.objects.count() == FILMS
    say(seconds=seconds, portal_mb=portal[1].together, worker_mb=operations.alone)


def test_a_folder_of_5000_films_gives_5000_receipts(environment, home, tmp_path, say, log):
    folder = laid(tmp_path / "films", films(FILMS))
    command = [sys.executable, "manage.py", "ingest", str(folder), "--json", str(tmp_path / "out.json")]
    began = time.monotonic()
    with running(command, environment, log) as (process, memory):
        assert process.wait(LONGEST_S) == 0
    seconds = time.monotonic() - began
    lines = [json.loads(line) for line in (tmp_path / "out.json").read_text().splitlines()]
    assert len({line["file"] for line in lines}) == len({line["image"] for line in lines}) == FILMS
    assert outcomes() == {("accepted", ""): FILMS}
    assert Image.objects.count() == FILMS
    say(seconds=seconds, ingest_mb=memory.alone, family_mb=memory.together)
