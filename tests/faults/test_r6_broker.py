"""R6 to R8: the broker is killed, restarted without what it held, emptied; no ring counts, no film waits for one."""

import shutil
import time

import pytest
from django.test import Client

from screening.models import Prediction, Screening
from tests import factories
from tests.faults import checker, drawn
from tests.faults.conftest import QUICK, SWEEP_S, all_ended, broker, ring_for_all, until

pytestmark = pytest.mark.faults
nightly = pytest.mark.nightly


def claims():
    """How many claims there were."""
    return sum(Screening.objects.values_list("attempts", flat=True))


def rings(installation):
    """How many messages reached the broker since it started."""
    return broker().info("commandstats")["cmdstat_lpush"]["calls"]


def taken(worker):
    return worker.said().count("tasks.screen[")


def whole(films):
    until(all_ended, 240, "every film ended")
    checker.check()
    assert Prediction.objects.count() == films


@nightly
def test_r6_twelve_kills_of_the_broker_stop_nobody_for_long(installation, capsys):
    """Every third time it is killed again 0.2 s after its start."""
    installation.start("sweeper")
    worker = installation.start("screening", STUB_S=0.25, BATCH_SIZE=8)
    factories.active_model()
    site, films, waits = factories.site(), 300, []
    drawn.waiting(site, films)
    ring_for_all()
    until(claims, 60, "a batch claimed")
    for number in range(12):
        if Screening.objects.filter(state="pending").count() < 150:  # there is always something to claim
            drawn.waiting(site, 150, first=films)
            films += 150
        installation.redis.kill()
        if number % 3 == 2:
            installation.redis.start()
            time.sleep(0.2)
            installation.redis.kill()
        time.sleep(0.5)
        installation.redis.start()
        up, before, rung = time.monotonic(), claims(), taken(worker)
        until(lambda: claims() > before, 60, "a claim once the broker is up again")  # noqa: B023
        waits.append(time.monotonic() - up)
        until(lambda: taken(worker) > rung, 60, "a ring taken once the broker is up again")  # noqa: B023
    whole(films)
    with capsys.disabled():
        print(
            f"  12 kills of Redis: {films} of {films}; the first claim {max(waits):.1f} s after it was up at the latest"
        )
    assert max(waits) <= 15


def lost_rings(installation, films, **profile):
    """Films are rung for, and every ring is gone; the seconds from the broker's return to the first claim."""
    installation.start("sweeper", **profile)
    installation.started("screening", STUB_S=0.01, BATCH_SIZE=8, **profile)
    factories.active_model()
    until(lambda: not broker().llen("screening"), 60, "idle workers")
    installation.redis.kill()
    time.sleep(2)  # whoever was rung for before has looked by then
    drawn.waiting(factories.site(), films)
    ring_for_all()
    assert not claims()
    installation.redis.start_emptied()
    up = time.monotonic()
    until(claims, 60, "the first claim")
    waited = time.monotonic() - up
    until(all_ended, 240, "every film ended")
    return waited


def test_r7_a_broker_that_comes_back_empty_is_rung_again(installation):
    lost_rings(installation, 60, **QUICK)
    whole(60)


@nightly
def test_r7_at_full_size_a_thousand_lost_rings(installation, capsys):
    waited = lost_rings(installation, 1000)
    whole(1000)
    sent = rings(installation)
    with capsys.disabled():
        print(f"  1,000 films whose rings were lost: the first claim after {waited:.1f} s, {sent} messages of up to 32")
    assert waited <= SWEEP_S + 5
    assert sent <= 2 * 1000 / 32 + 2 * 240 / SWEEP_S  # two rings a film, and each sweep's own and its knock


@nightly
def test_r8_a_broker_emptied_five_times_loses_no_film_and_logs_nobody_out(installation):
    factories.active_model()
    site = factories.site()
    client = Client()
    client.force_login(factories.radiologist(site))
    installation.started("portal")
    installation.start("sweeper")
    installation.start("screening", STUB_S=0.1, BATCH_SIZE=8)
    drawn.waiting(site, 200)
    ring_for_all()
    for number in range(5):
        before = claims()
        until(lambda: claims() >= before + 16, 120, "work goes on")  # noqa: B023
        if number == 4:
            installation.redis.kill()
            shutil.rmtree(installation.var / "redis")
            installation.redis.start()
        else:
            broker().flushall()
        assert logged_in(installation, client)
    whole(200)


def logged_in(installation, client):
    import requests

    kept = {name: morsel.value for name, morsel in client.cookies.items()}
    return requests.get(f"{installation.address}/worklist/", cookies=kept, allow_redirects=False, timeout=20).ok
