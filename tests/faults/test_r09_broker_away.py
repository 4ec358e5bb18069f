"""R9 and R10: Redis is away for long, says nothing, or is full: films are taken as ever, and screened afterwards."""

import statistics
import subprocess
import time

import pytest
import redis

from screening.models import Prediction, Site
from tests.faults import checker
from tests.faults import sender as senders
from tests.faults.conftest import QUICK, all_ended, broker, until
from workers.broker import ANSWER_S

pytestmark = pytest.mark.faults
nightly = pytest.mark.nightly
UPLOAD_P95_S = 1.0
# Nobody waits for the broker so long, on a machine that has other things to do as well; a library would for a minute.
FOR_EVER_S = 30


@pytest.fixture
def sender(installation, factories):
    installation.started("portal", **QUICK)
    made = senders.of(installation, factories)
    made.send_all(range(1000, 1008))  # each process has its decoder now
    return made


def assert_all_is_screened(sender, within_s=60):
    until(all_ended, within_s, "every film ended")
    checker.check(acknowledged=sender.acknowledged())
    assert Prediction.objects.count() == len(sender.acknowledged())


def usually(sender, count=20):
    """The p95 of the answers to so many films, which are all 201."""
    sender.send_all(range(count))
    assert sender.statuses() == {201}
    return sender.p95(of=range(count))


def test_r9_films_are_taken_while_redis_is_down_and_screened_once_it_is_up(sender, installation, factories):
    workers = [installation.start(kind, **QUICK) for kind in ("sweeper", "screening")]
    until(all_ended, 60, "what came before")
    installation.redis.kill()
    look = senders.browser(installation, factories.radiologist(*Site.objects.all()))
    sender.send_all(range(100, 120))
    assert sender.statuses() == {201}
    assert sender.p95(of=range(100, 120)) < FOR_EVER_S
    until(lambda: b"AI offline since" in look("/worklist/").content, 60, "the worklist says that the AI is away")
    installation.redis.start()
    assert_all_is_screened(sender)
    until(lambda: b"AI offline" not in look("/worklist/").content, 60, "the AI is back on the worklist")
    assert all(worker.alive for worker in workers)


def test_r9_a_redis_that_says_nothing_keeps_one_film_waiting_and_not_every_one(sender, installation):
    installation.redis.freeze()
    sender.send_all(range(100, 140))
    assert sender.statuses() == {201}
    waited = [seconds for number, _, seconds in sender.said if 100 <= number < 140]
    assert max(waited) < FOR_EVER_S
    assert statistics.median(waited) < ANSWER_S, "after the first nobody waits for it"
    installation.redis.thaw()
    for kind in ("sweeper", "screening"):
        installation.start(kind, **QUICK)
    assert_all_is_screened(sender)


@nightly
def test_r10_a_redis_that_is_full_ends_no_program_and_loses_no_film(sender, installation):
    workers = [installation.started(kind, **QUICK) for kind in ("sweeper", "screening")]
    until(all_ended, 60, "what came before")
    usual_s = usually(sender)
    fill()
    sender.send_all(range(100, 120))
    assert sender.statuses() == {201}
    assert sender.p95(of=range(100, 120)) < max(UPLOAD_P95_S, 3 * usual_s)
    until(lambda: all("not allowed when used memory" in worker.said() for worker in workers), 60, "each has met it")
    broker().config_set("maxmemory", 0)
    assert_all_is_screened(sender)
    assert all(worker.alive for worker in workers)


def fill():
    """Redis takes nothing more that needs memory."""
    broker().config_set("maxmemory", 1)
    with pytest.raises(redis.exceptions.OutOfMemoryError):
        broker().set("one more", "x")


def test_r10_a_redis_that_would_drop_rings_is_refused_at_the_start(installation):
    broker().config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(subprocess.CalledProcessError) as refused:
            installation.manage("bootstrap")
        assert "maxmemory-policy noeviction" in refused.value.stderr
        assert "Traceback" not in refused.value.stderr
    finally:
        broker().config_set("maxmemory-policy", "noeviction")


@nightly
def test_r9_at_full_size_200_films_while_redis_is_down_for_ten_minutes(sender, installation, capsys):
    workers = [installation.start(kind) for kind in ("sweeper", "screening")]
    until(all_ended, 60, "what came before")
    installation.redis.kill()
    ends = time.monotonic() + 600
    for number in range(200):
        sender.send(number)
        time.sleep(max(0, (ends - time.monotonic()) / (200 - number)))
    assert sender.statuses() == {201}
    installation.redis.start()
    began = time.monotonic()
    assert_all_is_screened(sender, 120)
    took_s, p95_s = time.monotonic() - began, sender.p95(of=range(200))
    with capsys.disabled():
        print(f"  200 films while Redis was away: p95 {p95_s:.2f} s; all screened {took_s:.0f} s after it came back")
    assert p95_s <= UPLOAD_P95_S
    assert all(worker.alive for worker in workers)
