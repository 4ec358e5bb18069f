"""FirstRead beside a naive Celery task under the same kills: how many films each loses, and screens twice."""

import sys
import time

import pytest
from django.db import connection

from screening.models import Prediction, Screening
from tests import factories
from tests.faults import checker, drawn, naive
from tests.faults.conftest import QUICK, all_ended, broker, ring_for_all, until

pytestmark = [pytest.mark.faults, pytest.mark.nightly]
FILMS, PAUSE_S = 64, 0.1
QUIET_S = 20  # after so long without a result nothing more comes: what Redis hides it gives out after an hour
COMMAND = [sys.executable, "-m", "celery", "-A", "tests.faults.naive", "worker", "-Q", "naive", "-c", "1"]


class Naive:
    """The naive system: how it is started, and what has become of its films."""

    def __init__(self, installation, monkeypatch):
        self.installation = installation
        monkeypatch.setattr(naive.app.conf, "broker_url", installation.environment["FIRSTREAD_REDIS_URL"])
        naive.app._after_fork()
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS naive_result; {naive.TABLE}")

    def send(self):
        for film in range(FILMS):
            naive.screen.delay(film)

    def start(self, poison=""):
        number = len(self.installation.programs)
        command = [*COMMAND, "-n", f"naive{number}@test"]
        return self.installation.run(command, "naive", STUB_S=PAUSE_S, NAIVE_POISON=poison)

    def results(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT film FROM naive_result")
            return [film for (film,) in cursor.fetchall()]

    def rest(self):
        """Wait until no result comes any more."""
        found, since = -1, time.monotonic()
        while time.monotonic() - since < QUIET_S:
            if (now := len(self.results())) != found:
                found, since = now, time.monotonic()
            time.sleep(0.5)

    def lost_and_double(self):
        found = self.results()
        return FILMS - len(set(found)), len(found) - len(set(found))


class Ours:
    """FirstRead in the same words."""

    def __init__(self, installation):
        self.installation = installation
        factories.active_model()
        drawn.waiting(factories.site(), FILMS)
        installation.start("sweeper", **QUICK)

    def send(self):
        ring_for_all()

    def start(self, poison=""):
        runtime = "tests.faults.poison_runtime" if poison else "tests.stub_runtime"
        return self.installation.start("screening", STUB_S=PAUSE_S, BATCH_SIZE=8, RUNTIME=runtime, **QUICK)

    def results(self):
        return list(Prediction.objects.values_list("image", flat=True))

    def rest(self):
        until(all_ended, 240, "every film ended")
        checker.check()

    def lost_and_double(self):
        """A film in quarantine is not lost: its study stands on the worklist as unscreened, and says why."""
        found = self.results()
        quarantined = Screening.objects.filter(state="quarantined").count()
        return FILMS - quarantined - len(set(found)), len(found) - len(set(found))


def worker_killed(system):
    system.send()
    worker = system.start()
    for kill in range(3):
        until(lambda: len(system.results()) >= 8 * (kill + 1), 60, "results")  # noqa: B023
        time.sleep(0.05)
        worker.kill()
        worker = system.start()


def broker_emptied(system):
    system.send()
    system.start()
    until(lambda: len(system.results()) >= 8, 60, "results")
    system.installation.redis.kill()
    system.installation.redis.start_emptied()


def poison(system):
    system.send()
    system.start(poison="yes")


@pytest.mark.parametrize("fault", [worker_killed, broker_emptied, poison])
def test_under_the_same_fault_a_naive_task_loses_films_and_firstread_none(installation, monkeypatch, fault, capsys):
    system = Naive(installation, monkeypatch)
    fault(system)
    system.rest()
    theirs = system.lost_and_double()
    installation.kill_programs()
    broker().flushall()
    system = Ours(installation)
    fault(system)
    system.rest()
    ours = system.lost_and_double()
    with capsys.disabled():
        print(f"  {fault.__name__} of {FILMS} films, lost and double: naive {theirs}, FirstRead {ours}")
    assert ours == (0, 0)
    assert sum(theirs) > 0
