"""R22 and R23: five sweepers at once, one killed in the middle; and none at all."""

import random
import sys
import time

import pytest
from django.db.models.functions import Now

from screening.models import Heartbeat, Screening
from tests import factories
from tests.faults import checker, drawn
from tests.faults.conftest import SWEEP_S, all_ended, broker, ring_for_all, until

pytestmark = pytest.mark.faults
nightly = pytest.mark.nightly


def swept_by_five(installation, films, seconds):
    """Every film held alone under a lease that has run out: swept by five processes for so long, one of them killed
    again and again and started anew. How many ids were rung for."""
    factories.active_model()
    drawn.waiting(factories.site(), films)
    Screening.objects.update(state="leased", alone=True, attempts=1, fence=1, lease_until=Now())
    command = [sys.executable, "-m", "tests.faults.sweeper"]
    sweepers = [installation.run(command, f"sweeper{number}") for number in range(5)]
    until(Heartbeat.objects.filter(kind="sweep").exists, 60, "the first sweep")
    ends, draw = time.monotonic() + seconds, random.Random(0)
    while time.monotonic() < ends:
        time.sleep(draw.uniform(0.3, 1.5))
        sweepers.pop(0).kill()
        sweepers.append(installation.run(command, f"sweeper{len(installation.programs)}"))
    for each in sweepers:
        each.kill()
    assert set(Screening.objects.values_list("state", "crashes", "attempts")) == {("pending", 1, 1)}
    return 32 * broker().llen("screening")


def test_r22_five_sweepers_charge_each_film_one_crash_and_ring_no_storm(installation):
    assert swept_by_five(installation, 400, seconds=5) <= 1.2 * 400 + 5 * 32 * 10


@nightly
def test_r22_at_full_size_2000_expired_leases_for_a_minute(installation, capsys):
    rung = swept_by_five(installation, 2000, seconds=60)
    with capsys.disabled():
        print(f"  five sweepers over 2,000 expired leases for 60 s: one crash each, at most {rung} ids rung for")
    assert rung <= 1.2 * 2000


@nightly
def test_r23_without_a_sweeper_work_goes_on_and_the_portal_says_that_it_is_away(installation, capsys):
    factories.active_model()
    installation.started("portal")
    sweeper = installation.start("sweeper")
    installation.start("screening", STUB_S=0.1, BATCH_SIZE=8)
    until(lambda: installation.answers("/readyz"), 60, "ready")
    drawn.waiting(factories.site(), 100)
    ring_for_all()
    until(lambda: Screening.objects.filter(state="done").exists(), 60, "work")
    sweeper.kill()
    died = time.monotonic()
    broker().flushall()  # not even a ring is left
    drawn.waiting(factories.site(), 20)
    until(lambda: not installation.answers("/readyz"), 60, "the portal says that the sweep is away")
    red = time.monotonic() - died
    until(all_ended, 90, "every film ended without a sweep")
    checker.check()
    with capsys.disabled():
        print(f"  the sweeper dead: red after {red:.1f} s, every film done after {time.monotonic() - died:.1f} s")
    assert red <= 4 * SWEEP_S + 15


@nightly
def test_r23_without_beat_the_operations_worker_sweeps_by_itself(installation):
    factories.active_model()
    installation.start("operations")
    installation.start("screening", BATCH_SIZE=8)
    sweep = Heartbeat.objects.filter(name="sweep")
    first = until(lambda: sweep.values_list("seen_at", flat=True).first(), 60, "the sweep of a worker that starts")
    until(lambda: sweep.filter(seen_at__gt=first).exists(), 2 * SWEEP_S + 15, "a sweep that no beat has asked for")
    drawn.waiting(factories.site(), 20)  # nobody rings
    until(all_ended, 60, "every film ended")
    checker.check()
