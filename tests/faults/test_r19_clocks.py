"""R19: clocks of the machines that are wrong by an hour move no lease: the database's alone counts."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models.functions import Now

from screening.models import Event, Prediction, Screening, Site, Study
from tests.faults import checker, drawn
from tests.faults import sender as senders
from tests.faults.conftest import LEASE_S, SWEEP_S, all_ended, ring_for_all, until

SKEWED = Path(__file__).with_name("skewed")
HOUR = 3600
# What asks the machine for the hour; how long something takes may be asked of the monotonic clock.
CLOCKS = re.compile(
    r"timezone\.(now|localtime|localdate)|datetime\.(now|utcnow|today)|date\.today|time\.time\b|time_ns"
)
LEASES = ["screening/queue.py", "screening/rollout.py", "screening/missing.py", "screening/claims.py"]
LEASES += ["screening/reading.py", "screening/rereading.py", "workers/engine.py", "workers/batch.py"]
LEASES += ["workers/heartbeat.py", "workers/jobs.py", "workers/decoding.py", "workers/tasks.py"]


@pytest.mark.parametrize("path", LEASES)
def test_r19_what_handles_leases_asks_no_clock_but_the_databases(path):
    found = CLOCKS.findall((settings.ROOT / path).read_text())
    assert found == []


def test_r19_the_skewed_clock_of_these_tests_is_skewed():
    said = "import time; from datetime import datetime; print(time.time()); print(datetime.now().timestamp())"
    environment = os.environ | {"PYTHONPATH": str(SKEWED), "FIRSTREAD_SKEW_S": str(HOUR)}
    asked = subprocess.run([sys.executable, "-c", said], env=environment, capture_output=True, check=True)
    by_time, by_datetime = map(float, asked.stdout.split())
    assert abs(by_time - by_datetime) < 5
    assert abs(by_time - HOUR - time.time()) < 60


@pytest.fixture
def skewed(installation, monkeypatch):
    """A function that starts a program whose clock is wrong by so many seconds, and waits until it is there."""
    monkeypatch.setitem(installation.environment, "PYTHONPATH", str(SKEWED))
    return lambda kind, seconds, **settings: installation.started(kind, SKEW_S=seconds, **settings)


def now():
    return Site.objects.values_list(Now(), flat=True)[0]


def taken_over(installation, factories, skewed, films, settings, **profile):
    """Two workers, an hour before and an hour after, and a sweep ten minutes after; one worker is killed at work."""
    factories.active_model()
    skewed("sweeper", 600, **profile)
    how = {"STUB_S": 1, "BATCH_SIZE": 4, **profile}
    early, late = skewed("screening", HOUR, **how), skewed("screening", -HOUR, **how)
    drawn.waiting(factories.site(), films)
    settings.BATCH_SIZE = 4  # a ring for each of the two
    ring_for_all()
    until(lambda: Screening.objects.filter(state="leased").values("lease_owner").distinct().count() == 2, 60, "both")
    assert not Screening.objects.filter(alone=True).exists(), "nobody took a lease that had not ended"
    early.freeze()
    mine = [row for row in Screening.objects.filter(state="leased") if f":{early.children()[-1]}" in row.lease_owner]
    early.kill()
    until(all_ended, 90, "every film ended")
    return mine, late


@pytest.mark.faults
@pytest.mark.nightly
def test_r19_workers_whose_clocks_are_hours_apart_take_over_neither_early_nor_late(
    installation, factories, skewed, settings
):
    mine, late = taken_over(installation, factories, skewed, 24, settings)
    checker.check()
    assert Prediction.objects.count() == 24
    for row in mine:
        again = Prediction.objects.get(image=row.image_id)
        assert again.created_at > row.lease_until, "not before its lease had ended"
        # Seconds of work for what came first, on a machine that may be busy.
        assert (again.created_at - row.lease_until).total_seconds() < 2 * SWEEP_S + LEASE_S + 20
    others = Screening.objects.exclude(pk__in=[row.pk for row in mine])
    assert set(others.values_list("attempts", "alone", "crashes")) == {(1, False, 0)}
    assert late.alive


@pytest.mark.faults
@pytest.mark.nightly
def test_r19_a_portal_whose_clock_is_wrong_writes_its_lines_by_the_databases(installation, factories, skewed):
    skewed("portal", 600)
    began = (factories.site(), now())[1]
    sender = senders.of(installation, factories)
    sender.send_until_taken(1)
    ends = now()
    study = Study.objects.get()
    times = [study.received_at, *Event.objects.filter(study=study).values_list("at", flat=True)]
    assert all(began <= each <= ends for each in times), times
    checker.check(acknowledged=sender.acknowledged(), bound_s=600)
