"""Faults: a real FirstRead whose parts are killed, frozen, emptied, and what must hold afterwards.

How to write a row of the matrix:

    pytestmark = pytest.mark.faults                    # at full size [pytest.mark.faults, pytest.mark.nightly]

    def test_...(installation, factories):
        factories.active_model()
        drawn.waiting(factories.site(), 200)           # 200 different films, stored and enqueued
        installation.start("sweeper")                  # an operations worker with beat; also "operations", "beat"
        worker = installation.start("screening", STUB_S=0.05, BATCH_SIZE=8)  # FIRSTREAD_ variables; also "portal"
        ring_for_all()
        until(held_now, 60, "a batch at work")
        worker.kill()                                  # its whole group; kill_child(), freeze(), thaw(), end()
        installation.redis.kill()                      # postgres as well
        installation.redis.start_emptied()             # start() and restart() keep the data
        installation.start("screening")
        until(all_ended, 60, "every film ended")
        checker.check(acknowledged=[...])              # I1 to I9, with what your client was told is kept

`installation` runs with fsync, L = 10 s, S = 3 s and the stub model (tests/stub_runtime.py says its variables; the
shipped model is RUNTIME="ml.runtime.auto"). Where only what happens counts, and not how soon, `**QUICK` makes it L =
4 s and S = 1 s. PostgreSQL, Redis and the shape of the database are made once a session; every test begins with empty
tables, an empty broker and storage, no program, and both stores running. In this folder `db` and `transactional_db`
mean its database: models, storage and Celery of the test's process are led to it. A plain run has some minutes for
all of this: what takes more than 20 s is `nightly`.
"""

import contextlib
import shutil
import tempfile
import time
from pathlib import Path

import environ
import pytest
import redis
from django.conf import settings as in_force
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.models import Q

from tests.installation import with_stores

LEASE_S, SWEEP_S = 10, 3
# For a plain run, where only what happens counts, and not how soon: installation.start("sweeper", **QUICK).
QUICK = {"LEASE_S": 4, "SWEEP_S": 1}
RUNTIME = "tests.stub_runtime"
# What the migrations have written.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}


@pytest.fixture(scope="session")
def started(django_db_blocker):
    """The session's Installation; `installation` is what tests use."""
    folder = Path(tempfile.mkdtemp(prefix="fr-f-", dir="/tmp"))
    profile = {"LEASE_S": LEASE_S, "SWEEP_S": SWEEP_S, "RUNTIME": RUNTIME, "SECRET_KEY": in_force.SECRET_KEY}
    try:
        with with_stores(folder, **profile) as made:
            with django_db_blocker.unblock(), _database_of(made):
                call_command("migrate", interactive=False, verbosity=0)
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def installation(started, settings, django_db_blocker):
    """Stores without content, no program; Django and Celery of this process are led there."""
    settings.VAR, settings.LEASE_S, settings.SWEEP_S = started.var, LEASE_S, SWEEP_S
    settings.REDIS_URL = settings.BROKER_URL = started.environment["FIRSTREAD_REDIS_URL"]
    media = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(started.var / "media")},
    }
    settings.STORAGES = {**in_force.STORAGES, "default": media}
    with django_db_blocker.unblock(), _database_of(started), _broker(settings.REDIS_URL):
        yield started
        started.kill_programs()
        _put_back(started)


@contextlib.contextmanager
def _database_of(installation):
    """Every connection of this process that is opened meanwhile goes to the installation's PostgreSQL."""
    leading, kept = connections.settings["default"], dict(connections.settings["default"])
    connections.close_all()
    leading.update(environ.Env.db_url_config(installation.environment["DATABASE_URL"]))
    try:
        yield
    finally:
        connections.close_all()
        leading.update(kept)


@contextlib.contextmanager
def _broker(url):
    """Rings of this process go to that broker meanwhile."""
    from workers import dispatch
    from workers.celery import app

    def lead(to):
        app.conf.broker_url = to
        app._after_fork()  # what it does for a new process: the pools of connections are made anew
        dispatch._rests["until"] = 0.0

    kept = app.conf.broker_url
    lead(url)
    try:
        yield
    finally:
        lead(kept)


def _put_back(installation):
    for store, answers in ((installation.postgres, _answers), (installation.redis, lambda: broker().ping())):
        _revive(store, answers)
    _empty_tables()
    broker().flushall()
    for each in (installation.var / "media").iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()


def _empty_tables():
    """DELETE, and not TRUNCATE as Django's flush does it: with fsync that takes seconds."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no triggers, no order among the tables
        for table in set(connection.introspection.django_table_names(only_existing=True)) - KEPT:
            cursor.execute(f'DELETE FROM "{table}"')


def _revive(store, answers):
    """Start a store again where a test has left it killed, stopped or frozen."""
    with contextlib.suppress(ProcessLookupError):
        store.thaw()
    connection.close()
    try:
        answers()
    except Exception:  # whatever keeps it from answering
        connection.close()
        with contextlib.suppress(ProcessLookupError):
            store.kill()
        store.start()


def _answers():
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


@pytest.fixture
def db(installation):
    """The installation's database."""


@pytest.fixture
def transactional_db(installation):
    """The installation's database: nothing is ever rolled back in it."""


@pytest.fixture
def process_environment(installation):
    """The environment for a real process that is to see the installation."""
    return installation.environment


def broker():
    """A client of the installation's Redis."""
    return redis.Redis(unix_socket_path=in_force.REDIS_URL.removeprefix("redis+socket://"))


def ring_for_all():
    """Ring for every pending screening."""
    from screening.models import Screening
    from workers import dispatch

    dispatch.ring(list(Screening.objects.filter(state="pending").values_list("pk", flat=True)))


def held_now():
    """The ids of the screenings that somebody holds."""
    from screening.models import Screening

    return set(Screening.objects.filter(state="leased").values_list("pk", flat=True))


def all_ended():
    """Whether no screening and no job is left."""
    from screening.models import Job, Screening

    unsettled = Q(state__in=Screening.UNSETTLED)
    return not Screening.objects.filter(unsettled).exists() and not Job.objects.filter(unsettled).exists()


def until(condition, seconds, what):
    """Wait for `condition()`; fail with `what` after `seconds`."""
    ends = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < ends, f"not within {seconds} s: {what}"
        time.sleep(0.1)
    return found
