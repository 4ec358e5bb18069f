"""R21: a worker that hangs, in C or stopped from outside, keeps no film, and is ended and replaced."""

import os
import signal
import time

import psutil
import pytest

from screening.models import Screening
from tests import factories
from tests.faults import checker, drawn
from tests.faults.conftest import LEASE_S, QUICK, SWEEP_S, all_ended, held_now, ring_for_all, until

pytestmark = pytest.mark.faults
HANGING = {"RUNTIME": "tests.faults.hanging_runtime", "BATCH_SIZE": 4}
TAKEN_OVER_S = LEASE_S + SWEEP_S + 5
# The watch of 2 L ends a child, Celery notices, and on a busy machine each takes its time.
SLACK_S = 10


@pytest.fixture
def hang(tmp_path):
    """The file that makes a model hang."""
    return tmp_path / "hang"


@pytest.fixture
def films(installation):
    factories.active_model()
    return drawn.waiting(factories.site(), 12)


def hung(hang):
    """Order a hang, and wait for it; the screenings that it holds."""
    hang.touch()
    ring_for_all()
    until(lambda: not hang.exists(), 60, "the model hangs")
    return held_now()


def owner_of(screening):
    return Screening.objects.values_list("lease_owner", flat=True).get(pk=screening)


def gone(pid):
    return not psutil.pid_exists(pid)


def test_a_child_that_hangs_in_c_is_ended_says_where_and_its_successor_does_the_work(installation, films, hang):
    installation.start("sweeper", **QUICK)
    worker = installation.started("screening", HANG_AT=hang, **HANGING, **QUICK)
    held = hung(hang)
    assert held
    child = worker.children()[-1]
    until(lambda: gone(child), 60, "the child that hangs is ended")
    until(all_ended, 60, "every film ended")
    checker.check()
    assert worker.alive
    assert "hanging_runtime.py" in worker.said(), "the log says where it hung"
    assert set(Screening.objects.values_list("state", "crashes")) == {("done", 0)}


@pytest.mark.nightly
def test_ten_children_that_hang_are_taken_over_and_ended_in_time(installation, films, hang, capsys):
    site = films[0].site
    installation.start("sweeper")
    workers = [installation.started("screening", HANG_AT=hang, **HANGING) for _ in range(2)]
    taken_over, ended = [], []
    for turn in range(10):
        drawn.waiting(site, 12, first=1000 * (turn + 1))
        began = time.monotonic()
        held = hung(hang)
        owners = {pk: owner_of(pk) for pk in held}
        # The other worker may hold a batch as well; who hangs is who still holds after a moment.
        time.sleep(2)
        stuck = {pk for pk in held & held_now() if owner_of(pk) == owners[pk]}
        (owner,) = {owners[pk] for pk in stuck}
        child = int(owner.rpartition(":")[2])
        until(lambda stuck=stuck, owner=owner: _taken(stuck, owner), TAKEN_OVER_S, "another has taken over")
        taken_over.append(time.monotonic() - began)
        until(lambda child=child: gone(child), 2 * LEASE_S + SLACK_S, "the child that hangs is ended")
        ended.append(time.monotonic() - began)
        until(all_ended, 60, "every film ended")
        checker.check()
    assert all(worker.alive for worker in workers)
    with capsys.disabled():
        print(f"\n10 hung children: taken over after {max(taken_over):.1f} s, ended after {max(ended):.1f} s at most")


def _taken(screenings, owner):
    rows = Screening.objects.filter(pk__in=screenings)
    return not rows.filter(state="leased", lease_owner=owner).exists() and rows.exclude(state="pending").exists()


@pytest.mark.nightly
def test_a_child_that_is_stopped_from_outside_is_taken_over_and_ended_by_celery(installation, films):
    drawn.waiting(films[0].site, 60, first=100)  # enough for both workers, and for as long as the second needs to wake
    installation.start("sweeper")
    workers = [installation.started("screening", STUB_S=0.5, BATCH_SIZE=4) for _ in range(2)]
    for _ in workers:
        ring_for_all()
    until(lambda: len(_owners()) == 2, 60, "both at work")
    owner = _owners().pop()
    child = int(owner.rpartition(":")[2])
    os.kill(child, signal.SIGSTOP)
    held = set(Screening.objects.filter(lease_owner=owner, state="leased").values_list("pk", flat=True))
    until(lambda: _taken(held, owner), TAKEN_OVER_S, "another has taken over")
    until(lambda: gone(child), 10 * LEASE_S + SLACK_S, "Celery has ended the child")
    assert all(worker.alive for worker in workers)
    until(all_ended, 60, "every film ended")
    checker.check()


def _owners():
    return set(Screening.objects.filter(state="leased").values_list("lease_owner", flat=True))
