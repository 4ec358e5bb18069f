"""R14: the portal is killed at the points of an upload, and at random; who sends again under its key loses nothing."""

import os
import random
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from deploy.local import commands
from screening import spool
from screening.models import Image, Job, Prediction, Receipt
from tests.faults import checker
from tests.faults import sender as senders
from tests.faults.conftest import QUICK, all_ended, ring_for_all, until
from tests.intake import films

pytestmark = pytest.mark.faults
nightly = pytest.mark.nightly


@pytest.fixture
def portal(installation):
    return installation.started("portal", **QUICK)


@pytest.fixture
def sender(portal, installation, factories):
    made = senders.of(installation, factories)
    made.send_all(range(1000, 1004))
    return made


def kill_children(portal):
    """SIGKILL to the processes that answer; gunicorn starts others."""
    for pid in portal.children():
        os.kill(pid, signal.SIGKILL)


def stored(installation):
    return [path for path in (installation.var / "media").rglob("*") if path.is_file()]


def assert_whole(installation, sender, count):
    """Every film is there once, and what the killed ones left is taken away once nobody can be at it."""
    checker.check(acknowledged=sender.acknowledged(), bound_s=600)
    assert Image.objects.count() == count
    assert Receipt.objects.exclude(outcome="accepted").count() == 0
    then = time.time() - 2 * spool.ORPHAN.total_seconds()
    for path in stored(installation):
        os.utime(path, (then, then))
    spool.expire()
    checker.check(acknowledged=sender.acknowledged(), bound_s=600)
    assert len(stored(installation)) == 3 * count


def killed_before_the_rows(installation, portal, sender, number):
    """P2: the files lie there, the transaction waits for a lock that this holds."""
    before = len(stored(installation))
    with ThreadPoolExecutor(1) as sending, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE screening_image IN EXCLUSIVE MODE")
        answer = sending.submit(sender.send, number)
        until(lambda: len(stored(installation)) == before + 4, 60, "its files and the note of them")
        kill_children(portal)
        assert answer.result() == 0
    until(lambda: len(stored(installation)) == before + 4, 60, "they stay")
    assert not Image.objects.filter(sha256=senders.sha256(number)).exists()


def killed_before_the_answer(installation, portal, sender, number):
    """P3 and P4: the rows are committed; the ring hangs in a broker that says nothing."""
    with ThreadPoolExecutor(1) as sending:
        installation.redis.freeze()
        answer = sending.submit(sender.send, number)
        until(lambda: Image.objects.filter(sha256=senders.sha256(number)).exists(), 60, "its row")
        kill_children(portal)
        assert answer.result() == 0
        installation.redis.thaw()


@pytest.mark.parametrize("times", [1, pytest.param(20, marks=nightly)])
@pytest.mark.parametrize("killed", [killed_before_the_rows, pytest.param(killed_before_the_answer, marks=nightly)])
def test_r14_a_portal_killed_between_files_rows_and_answer_has_each_film_once(
    installation, portal, sender, killed, times
):
    for number in range(times):
        killed(installation, portal, sender, number)
        sender.send_until_taken(number)
    assert_whole(installation, sender, times + 4)
    assert portal.alive


@pytest.mark.skipif(not shutil.which("strace"), reason="a kill at an exact call needs strace")
@nightly
def test_r14_p1_a_portal_killed_twenty_times_while_it_writes_has_no_row_without_its_file(installation, factories):
    """Each process dies at the 9th time that one of its threads asks for something to be on the disk."""
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:signal=KILL:when=9"]
    installation.run([*command, *commands._portal(installation.port)], "portal", **QUICK)
    until(installation.answers, 60, "the portal answers")
    sender = senders.of(installation, factories)
    killed, number = 0, 0
    while killed < 20:
        sender.send_until_taken(number)
        killed, number = sum(status == 0 for _, status, _ in sender.said), number + 1
        assert number < 800, "nobody is killed"
    assert_whole(installation, sender, number)


@nightly
@pytest.mark.parametrize("seed", range(3))
def test_r14_at_full_size_200_films_and_an_archive_while_the_portal_is_killed_again_and_again(
    installation, portal, sender, seed, capsys
):
    draw, kills = random.Random(seed), 0
    packed = films.archive({f"{n}.jpg": films.jpeg(n) for n in range(2000, 2200)})

    with ThreadPoolExecutor(2) as threads:
        sending = [threads.submit(sender.send_all, range(200), sender.send_until_taken)]
        sending += [threads.submit(senders.send_archive, sender, packed, "cd")]
        while not all(each.done() for each in sending):
            taken = len(sender.acknowledged())
            until(lambda: sending[0].done() or len(sender.acknowledged()) > taken, 60, "an answer")  # noqa: B023
            time.sleep(draw.uniform(0.2, 2))
            kill_children(portal)
            kills += 1
        for each in sending:
            each.result()
    assert portal.alive
    assert Job.objects.filter(kind="archive").count() == 1, "one key, one archive"
    for kind in ("sweeper", "screening"):
        installation.start(kind)
    ring_for_all()
    until(lambda: Receipt.objects.filter(job__isnull=False).count() == 200 and all_ended(), 180, "everything screened")
    with capsys.disabled():
        print(f"  seed {seed}: {kills} kills, {len(sender.said)} tries for 200 films; each there once")
    assert Prediction.objects.count() == 404
    assert_whole(installation, sender, 404)
