"""Every session has a PostgreSQL and a Redis of its own in a short temporary folder, and leaves nothing of them."""

import contextlib
import os
import shutil
import signal
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import django
import pytest

from deploy.local import CannotStart, stores

ROOT = Path(__file__).resolve().parent.parent
SERVICES = pytest.StashKey[contextlib.ExitStack]()


def pytest_configure(config):
    """Starts the services before Django reads its settings (pytest-django finds Django set up then)."""
    if config.option.help or config.option.version or _only_shares_out(config):
        return
    for name in (signal.SIGTERM, signal.SIGINT):  # a script's background job starts with SIGINT ignored
        signal.signal(name, signal.default_int_handler)
    started = config.stash[SERVICES] = contextlib.ExitStack()
    folder = Path(tempfile.mkdtemp(prefix="fr-", dir="/tmp"))  # a socket's path holds 107 bytes
    started.callback(shutil.rmtree, folder, ignore_errors=True)
    try:
        os.environ.update(started.enter_context(stores.running(folder / "var", durable=False)))
    except CannotStart as error:
        started.close()
        pytest.exit(str(error), returncode=3)
    (folder / "var" / "static").mkdir()  # whitenoise warns where there is none
    os.environ.setdefault("FIRSTREAD_RUNTIME", "tests.stub_runtime")
    os.environ["FIRSTREAD_CACHE"] = str(folder / "cache")
    os.environ["DJANGO_SETTINGS_MODULE"] = "webportal.settings"
    django.setup()


def _only_shares_out(config):
    """Whether this process runs no test itself: `pytest -n 2` has two others do so, each with services of its own."""
    return bool(config.option.numprocesses) and not hasattr(config, "workerinput")


def pytest_unconfigure(config):
    """Runs after Ctrl-C too; a killed session takes its servers with it (Linux tells them of their parent's end)."""
    if SERVICES in config.stash:
        config.stash[SERVICES].close()


@pytest.fixture(scope="session")
def films() -> Path:
    """The folder of real films, $FIRSTREAD_DATA or ../shared/data; the test is skipped where there is none."""
    folder = Path(os.environ.get("FIRSTREAD_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real films at {folder}; set FIRSTREAD_DATA")
    return folder


@pytest.fixture(autouse=True)
def hasty_worker(monkeypatch):
    """A worker in this process waits for no further films, and its sign of life is no earlier test's."""
    from workers import engine

    monkeypatch.setattr(engine, "PACE_S", 0)
    engine.show.cache_clear()


@pytest.fixture
def process_environment(transactional_db, settings) -> dict[str, str]:
    """The environment for a real process (a worker, manage.py) that is to see this test's database and broker."""
    url = urlsplit(os.environ["DATABASE_URL"])
    return {**os.environ, "DATABASE_URL": url._replace(path=f"/{settings.DATABASES['default']['NAME']}").geturl()}


# The people and places that most tests of pages, API and administration begin with.


@pytest.fixture
def factories(db):
    """tests.factories, imported late: Django is set up after this file is read."""
    from tests import factories

    return factories


@pytest.fixture
def home(factories):
    return factories.site("home")


@pytest.fixture
def away(factories):
    return factories.site("away")


@pytest.fixture
def model(factories):
    return factories.active_model()


@pytest.fixture
def reader(factories, home):
    return factories.radiologist(home)


@pytest.fixture
def sender(factories, home):
    return factories.technologist(home)


@pytest.fixture
def rung(monkeypatch):
    """What would have been rung for: {"films": ids of screenings, "jobs": Jobs}. Nothing reaches the broker."""
    from workers import dispatch

    rings = {"films": [], "jobs": []}
    monkeypatch.setattr(dispatch, "ring", rings["films"].extend)
    monkeypatch.setattr(dispatch, "ring_for_job", rings["jobs"].append)
    return rings
