"""R1 to R3: a model worker is killed with -9, whole or its child alone, anywhere and at the points of its write."""

import random
import time

import pytest
from django.db.models import Max, Sum
from django.db.models.functions import Now

from screening.models import Prediction, Screening, Site
from tests import factories
from tests.faults import checker, drawn
from tests.faults.conftest import LEASE_S, QUICK, SWEEP_S, all_ended, ring_for_all, until

pytestmark = pytest.mark.faults
nightly = pytest.mark.nightly
STARTS_S = 15  # a worker's start on a machine that is busy with other things


def waiting(count):
    factories.active_model()
    drawn.waiting(factories.site(), count)
    ring_for_all()


def ended():
    return Screening.objects.filter(state="done").count()


def now():
    return Site.objects.values_list(Now(), flat=True)[0]


def seconds_from(killed_at):
    """From that moment (the database's) to the last prediction."""
    return (Prediction.objects.aggregate(last=Max("created_at"))["last"] - killed_at).total_seconds()


def leases():
    """{(screening, fence)} that somebody holds, or held when it was killed."""
    return set(Screening.objects.filter(state="leased").values_list("pk", "fence"))


def lines(path):
    return len(path.read_text().splitlines())


def until_others_are_held(held, what):
    until(lambda: leases() - held, 180, what)


def killed_and_restarted(installation, kills, rest, **settings):
    """Kill the worker's group so often, each time after `rest()` seconds at work, and start another at once.

    The seconds that it took from the last kill to the last prediction.
    """
    worker, held = installation.start("screening", **settings), set()
    for number in range(kills):
        until_others_are_held(held, f"work before kill {number + 1}")
        time.sleep(rest())
        assert not all_ended(), f"all was done before kill {number + 1}"
        worker.kill()
        killed_at, held = now(), leases()
        worker = installation.start("screening", **settings)
    until(all_ended, 300, "every film ended")
    return seconds_from(killed_at)


def assert_whole(films, kills):
    checker.check()
    assert ended() == Prediction.objects.count() == films
    # The first kill hits a batch, and no film of a batch is charged; each later one hits one film alone at the most.
    assert Screening.objects.aggregate(all=Sum("crashes"))["all"] < kills


def test_r1_a_worker_killed_three_times_in_the_middle_of_batches_loses_and_doubles_nothing(installation):
    waiting(48)
    installation.start("sweeper", **QUICK)
    killed_and_restarted(installation, 3, lambda: 0.4, STUB_S=0.08, BATCH_SIZE=8, **QUICK)
    assert_whole(48, kills=3)


@nightly
@pytest.mark.parametrize("seed", range(5))
def test_r1_at_full_size_500_films_and_20_kills(installation, seed, tmp_path, capsys):
    waiting(500)
    installation.start("sweeper")
    draw = random.Random(seed)
    pause_s, asked = 0.12, tmp_path / "asked"
    took = killed_and_restarted(
        installation, 20, lambda: draw.uniform(1, 4), STUB_S=pause_s, BATCH_SIZE=16, STUB_LOG=asked
    )
    assert_whole(500, kills=20)
    with capsys.disabled():
        done = f"500 of 500, the model asked {lines(asked)} times"
        print(f"  seed {seed}: {done}, {took:.1f} s from the last kill to the end")
    assert took <= LEASE_S + 2 * SWEEP_S + STARTS_S + 500 * pause_s


@nightly
def test_r2_a_child_killed_twenty_times_is_replaced_and_its_parent_stays(installation, capsys):
    waiting(200)
    installation.start("sweeper")
    worker = installation.start("screening", STUB_S=0.1, BATCH_SIZE=8)
    draw, children, held = random.Random(0), set(), set()
    for number in range(20):
        until_others_are_held(held, f"work before kill {number + 1}")
        time.sleep(draw.uniform(0.1, 0.7))
        children.add(worker.kill_child())
        killed_at, held = now(), leases()
    until(all_ended, 300, "every film ended")
    took = seconds_from(killed_at)
    assert worker.alive and len(children) == 20 and worker.pid not in children
    assert_whole(200, kills=20)
    with capsys.disabled():
        print(f"  20 children killed: 200 of 200, {took:.1f} s from the last kill to the end")
    assert took <= LEASE_S + 2 * SWEEP_S + STARTS_S + 200 * 0.1


def killed_while_writing(installation, tmp_path, times, **profile):
    """Kill the child so often at each point of a write, looking at the ledger after each."""
    order = tmp_path / "die_at"
    points = [point for _ in range(times) for point in ("P7", "P8", "P9")]
    waiting(8 * (len(points) + 1))
    installation.start("sweeper", **profile)
    settings = {"RUNTIME": "tests.faults.dying_runtime", "DIE_AT": order, "STUB_S": 0.01, "BATCH_SIZE": 8, **profile}
    worker, before = installation.start("screening", **settings), 0
    for point in points:
        order.write_text(point)
        until(lambda: not order.exists(), 60, f"the child dead at {point}")
        assert checker.broken(bound_s=600) == {}, point
        assert point != "P9" or ended() > before, "what was committed before the kill is kept"
        before = ended()
    until(all_ended, 120, "every film ended")
    assert worker.alive, "a child's death is not its parent's"
    checker.check()
    # A film that was alone at three of these kills is taken for poison, as it should be.
    quarantined = list(Screening.objects.filter(state="quarantined").values_list("crashes", flat=True))
    assert set(quarantined) <= {3}
    assert ended() + len(quarantined) == 8 * (len(points) + 1)


def test_r3_a_kill_at_each_point_of_a_write_leaves_all_of_a_batch_or_nothing(installation, tmp_path):
    killed_while_writing(installation, tmp_path, 1, **QUICK)


@nightly
def test_r3_at_full_size_twenty_kills_a_point(installation, tmp_path):
    killed_while_writing(installation, tmp_path, 20)
