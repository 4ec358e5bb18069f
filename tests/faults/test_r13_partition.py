"""R13: the line between a worker and PostgreSQL is cut: packets vanish, and no end hears that the other has gone."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
from django.db import connection, transaction

from deploy.local import addresses
from screening import away
from screening.models import Prediction, Site
from tests.faults import checker, drawn
from tests.faults.conftest import LEASE_S, QUICK, SWEEP_S, all_ended, held_now, ring_for_all, until
from tests.installation import CELERY, Program

nightly = pytest.mark.nightly
PORT = 55432  # in a network of its own
UNSHARE = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
BUSY_S = 15  # a machine that has other things to do
NOTICED_S = 30


def can_cut():
    if not (shutil.which("unshare") and shutil.which("ip")):
        return False
    return subprocess.run([*UNSHARE, "ip", "link", "set", "lo", "up"], capture_output=True).returncode == 0


pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not can_cut(), reason="a line to cut needs Linux's `unshare`, `ip` and the right to them"),
]


@pytest.fixture
def behind_a_line(installation):
    """A function that starts a screening worker behind a line of its own."""

    def start(**settings):
        name = f"cut{len(installation.programs)}"
        worker = [*CELERY, "worker", "--queues", "screening", "--concurrency", "1", "--hostname", f"{name}@test"]
        socket = addresses.socket_folder(installation.var) / addresses.PG_SOCKET
        line = [*UNSHARE, sys.executable, "-m", "tests.faults.cut_line", socket, PORT]
        url = f"postgres://{addresses.ROLE}@127.0.0.1:{PORT}/{addresses.DATABASE}"
        environment = installation.environment | {"DATABASE_URL": url}
        environment |= {f"FIRSTREAD_{key}": str(value) for key, value in settings.items()}
        options = ["--loglevel", "INFO", "--without-gossip", "--without-mingle"]
        log = installation.var / "log" / f"{name}.log"
        installation.programs.append(Program([*line, *worker, *options], environment, log))
        return installation.programs[-1]

    return start


def cut(program):
    os.kill(program.pid, signal.SIGUSR1)


def mend(program):
    os.kill(program.pid, signal.SIGUSR2)


def films_wait(factories, count, first=0):
    factories.active_model()
    site = Site.objects.first() or factories.site("ward")
    drawn.waiting(site, count, first=first)
    ring_for_all()


def cut_at_work(worker):
    """Cut the line while the worker holds films; what it holds."""
    until(held_now, 60, "the worker behind the line at work")
    cut(worker)
    return held_now()


@nightly
def test_r13_what_a_worker_holds_behind_a_line_that_is_cut_is_taken_over_and_its_own_answers_come_too_late(
    installation, factories, behind_a_line
):
    installation.started("sweeper", **QUICK)
    other = installation.started("screening", **QUICK)
    other.freeze()
    films_wait(factories, 8)
    lonely = behind_a_line(STUB_S=0.4, BATCH_SIZE=8, **QUICK)
    cut_at_work(lonely)
    began = time.monotonic()
    other.thaw()
    until(all_ended, 60, "another worker has taken over")
    assert time.monotonic() - began < QUICK["LEASE_S"] + QUICK["SWEEP_S"] + 5 + BUSY_S
    mend(lonely)
    until(lambda: "lost_lease" in lonely.said() or "Error" in lonely.said(), 60, "it hears that it was too late")
    checker.check()
    assert Prediction.objects.count() == 8
    assert lonely.alive


@nightly
def test_r13_at_full_size_five_cuts_of_a_minute(installation, factories, behind_a_line, capsys):
    factories.active_model()
    installation.start("sweeper")
    other = installation.started("screening")
    other.freeze()
    lonely, took = behind_a_line(STUB_S=0.4, BATCH_SIZE=8), []
    for number in range(5):
        films_wait(factories, 8, first=8 * number)
        cut_at_work(lonely)
        began, said = time.monotonic(), lonely.said().count("OperationalError")
        other.thaw()
        until(all_ended, 90, "another worker has taken over")
        took.append(time.monotonic() - began)
        other.freeze()
        until(lambda: lonely.said().count("OperationalError") > said, NOTICED_S, "it notices")  # noqa: B023
        time.sleep(max(0, 60 - (time.monotonic() - began)))
        mend(lonely)
    films_wait(factories, 8, first=40)
    until(all_ended, 60, "the worker behind the line works again, and was not started anew")
    checker.check()
    assert Prediction.objects.count() == 48
    with capsys.disabled():
        print(f"  5 cuts of 60 s: taken over within {max(took):.1f} s; noticed within {NOTICED_S} s each")
    assert max(took) < LEASE_S + SWEEP_S + 5 + BUSY_S


def test_r13_a_transaction_whose_process_stands_still_keeps_its_rows_from_nobody_for_longer_than_a_lease(
    installation, factories, settings
):
    """Frozen, or behind a line that is cut: the server cannot tell, and gives the rows back to the others."""
    settings.LEASE_S = 2
    site = factories.site("ward")
    locked, release = threading.Event(), threading.Event()
    errors = []

    def stand_still():
        connection.ensure_connection()
        away._bound(connection)
        try:
            with transaction.atomic():
                Site.objects.select_for_update().get(pk=site.pk)
                locked.set()
                release.wait(60)
                Site.objects.update(name="too late")
        except away.DATABASE_AWAY as error:
            errors.append(away.code_of(error))
        finally:
            connection.close()

    still = threading.Thread(target=stand_still)
    still.start()
    try:
        assert locked.wait(60)
        began = time.monotonic()
        Site.objects.update(name="on time")
        assert time.monotonic() - began < 30
    finally:
        release.set()
        still.join()
    site.refresh_from_db()
    assert site.name == "on time"
    assert len(errors) == 1, "and the other one hears of it"


SHOWN = """
from django.db import connection
with connection.cursor() as cursor:
    for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
        cursor.execute(f"SHOW {name}")
        print(cursor.fetchone()[0])
"""
PORTAL = "from webportal import wsgi"
WORKER = """
import django
django.setup()
from celery import signals
from workers import celery
signals.worker_init.send(None)
"""


@pytest.mark.parametrize("program", [PORTAL, WORKER], ids=["portal", "worker"])
def test_r13_the_portal_and_the_workers_have_the_server_end_what_takes_too_long(installation, program):
    command = [sys.executable, "-c", program + "\n" + SHOWN]
    said = subprocess.run(command, env=installation.environment, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["1min", f"{LEASE_S}s"]
