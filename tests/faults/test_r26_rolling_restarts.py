"""R26: workers that are restarted one after the other under load lose nothing and keep nobody waiting."""

import itertools
import socket
import time

import pytest

from screening.models import Prediction, Screening
from tests import factories
from tests.faults import checker, drawn
from tests.faults.conftest import QUICK, all_ended, ring_for_all, until

pytestmark = [pytest.mark.faults, pytest.mark.nightly]
SLOWLY = {"STUB_S": 0.08, "BATCH_SIZE": 8}
# So many wait at least when one is stopped: on a busy machine a worker takes its time to start.
WAITING = 800
EXIT_S = 30
# Without its release a lease would hold films for L and a sweep. Generous for a busy machine.
GAP_S = 10


def test_ten_rolling_restarts_under_load_lose_nothing_and_return_their_leases_at_once(installation, capsys):
    factories.active_model()
    site, films, slowest = factories.site(), 0, 0
    installation.start("sweeper", **QUICK)
    workers = [installation.started("screening", **SLOWLY) for _ in range(2)]
    for turn in range(10):
        # They must outlast the restart: a worker takes some seconds to start.
        if (short := WAITING - Screening.objects.filter(state="pending").count()) > 0:
            drawn.waiting(site, short, first=films)
            films += short
            ring_for_all()
        until(lambda turn=turn: _held_by(workers[turn % 2]), 60, "at work")
        old = workers[turn % 2]
        owners = _owners(old)
        began = time.monotonic()
        assert old.end(within_s=EXIT_S) == 0, "it ends by itself, and well"
        slowest = max(slowest, time.monotonic() - began)
        assert not set(owners) & _holders(), "what it held is free at once"
        workers[turn % 2] = installation.started("screening", **SLOWLY)
        assert Screening.objects.filter(state="pending").exists()
    until(all_ended, 120, "every film ended")
    checker.check(bound_s=600)
    rows = Screening.objects.values_list("state", "attempts", "crashes", "alone").distinct()
    assert set(rows) == {("done", 1, 0, False)}, "a restart punishes no film"
    times = sorted(Prediction.objects.values_list("created_at", flat=True))
    gap = max((after - before).total_seconds() for before, after in itertools.pairwise(times))
    assert gap <= GAP_S
    with capsys.disabled():
        print(f"\n10 restarts, {films} films: exit after {slowest:.1f} s at most, longest pause {gap:.1f} s")


def _owners(program):
    """How the children of a worker call themselves."""
    return [f"{socket.gethostname()}:{pid}" for pid in program.children()]


def _holders():
    return set(Screening.objects.filter(state="leased").values_list("lease_owner", flat=True))


def _held_by(program):
    return _holders() & set(_owners(program))
