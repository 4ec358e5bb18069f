"""R11, R12 and R16: PostgreSQL is restarted, killed in the middle of commits, away for long, or takes no writes."""

import threading
import time

import pytest
from django.db import connection
from django.db.models import Sum

from screening.models import Image, Prediction, Screening, Site
from tests.faults import checker, drawn
from tests.faults import sender as senders
from tests.faults.conftest import QUICK, all_ended, held_now, ring_for_all, until

pytestmark = pytest.mark.faults
nightly = pytest.mark.nightly
BACK_S = 10
PAGES = ("/worklist/", "/upload/", "/nothing-here")
API = ("/api/v1/worklist", "/api/v1/nothing-here")


@pytest.fixture
def sender(installation, factories):
    installation.started("portal", **QUICK)
    made = senders.of(installation, factories)
    made.send_all(range(1000, 1008))
    return made


@pytest.fixture
def look(installation, factories, sender):
    """A browser of somebody who may see everything."""
    return senders.browser(installation, factories.person(["technologist", "radiologist"], *Site.objects.all()))


def start_again(postgres):
    postgres.start()
    connection.close()


def assert_said_calmly(look, portal):
    for path in PAGES:
        answer = look(path)
        assert answer.status_code == 503, path
        assert "FirstRead cannot reach its database just now" in answer.text
        assert answer.headers["Retry-After"]
    for path in API:
        answer = look(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable"), path
    assert look("/healthz").status_code == 200
    assert "the database does not answer" in look("/readyz").text
    assert "Traceback" not in portal.said()


def test_r11_while_the_database_is_away_every_answer_is_503_with_a_sentence_and_then_all_is_as_before(
    installation, sender, look
):
    portal = installation.programs[0]
    installation.postgres.kill()
    assert_said_calmly(look, portal)
    assert sender.send(0) == 503
    start_again(installation.postgres)
    until(lambda: sender.send(0) == 201, 60, "a film is taken again")
    assert look("/worklist/").status_code == 200
    assert portal.alive
    checker.check(acknowledged=sender.acknowledged(), bound_s=600)


def await_another(sender, what):
    """Wait for the next film that is taken."""
    taken = len(sender.acknowledged())
    until(lambda: len(sender.acknowledged()) > taken, 60, what)


def killed_in_the_middle(installation, sender, kills, films, waiting, **profile):
    """Kill PostgreSQL so often while films are sent and screened; the slowest return in seconds."""
    drawn.waiting(Site.objects.get(), waiting)
    workers = [installation.start(kind, STUB_S=0.05, BATCH_SIZE=8, **profile) for kind in ("sweeper", "screening")]
    ring_for_all()
    until(held_now, 60, "a batch at work")
    sending = threading.Thread(target=sender.send_all, args=(range(films), sender.send_until_taken))
    sending.start()
    slowest = 0
    for number in range(kills):
        await_another(sender, f"films on their way before kill {number + 1}")
        installation.postgres.kill()
        start_again(installation.postgres)
        began = time.monotonic()
        await_another(sender, "a film is taken again")
        slowest = max(slowest, time.monotonic() - began)
    sending.join()
    until(all_ended, 120, "every film ended")
    return slowest, workers


def assert_nothing_is_lost(sender, films, waiting, workers):
    checker.check(acknowledged=sender.acknowledged())
    assert len(sender.acknowledged()) == films + 8
    assert Image.objects.count() == Prediction.objects.count() == films + 8 + waiting
    assert sender.statuses() <= {201, 200, 503}, "never a 500, and no connection cut"
    assert all(worker.alive for worker in workers)


@nightly
def test_r11_a_database_killed_in_the_middle_of_commits_keeps_what_was_answered(installation, sender):
    slowest, workers = killed_in_the_middle(installation, sender, kills=2, films=30, waiting=32, **QUICK)
    assert_nothing_is_lost(sender, 30, 32, workers)
    assert slowest < BACK_S


@nightly
def test_r11_at_full_size_ten_kills_with_500_films_at_work_and_200_on_their_way(installation, sender, capsys):
    slowest, workers = killed_in_the_middle(installation, sender, kills=10, films=200, waiting=500)
    with capsys.disabled():
        print(f"  10 kills: 200 sent, 700 screened; the first answer at most {slowest:.1f} s after the start")
    assert_nothing_is_lost(sender, 200, 500, workers)
    assert slowest < BACK_S


@nightly
def test_r11_a_database_that_is_restarted_in_the_middle_costs_nothing(installation, sender):
    drawn.waiting(Site.objects.get(), 100)
    workers = [installation.start(kind, STUB_S=0.05, BATCH_SIZE=8) for kind in ("sweeper", "screening")]
    ring_for_all()
    for number in range(3):
        until(held_now, 60, "a batch at work")
        installation.postgres.restart()
        connection.close()
        sender.send_until_taken(number)
    until(all_ended, 120, "every film ended")
    assert_nothing_is_lost(sender, 3, 100, workers)


def away_during_inference(installation, films, away_s, **profile):
    """PostgreSQL goes while the model is at a batch, and comes back that many seconds later."""
    drawn.waiting(Site.objects.get(), films)
    workers = [installation.start(kind, STUB_S=0.2, BATCH_SIZE=8, **profile) for kind in ("sweeper", "screening")]
    ring_for_all()
    until(held_now, 60, "a batch at work")
    installation.postgres.kill()
    time.sleep(away_s)
    start_again(installation.postgres)
    children = workers[1].children()
    until(all_ended, 120, "every film ended")
    checker.check()
    assert Prediction.objects.count() == films
    assert all(worker.alive for worker in workers), "no worker ends because the database is away"
    return children, workers[1].children()


@nightly
def test_r12_a_worker_whose_database_is_away_during_the_inference_goes_on_afterwards(installation, factories):
    factories.active_model()
    factories.site("ward")
    before, after = away_during_inference(installation, 24, away_s=4, **QUICK)
    assert before == after, "not even its child was replaced"
    assert Screening.objects.aggregate(all=Sum("crashes"))["all"] == 0, "nobody is charged"


@nightly
def test_r12_at_full_size_two_minutes(installation, factories):
    factories.active_model()
    factories.site("ward")
    before, after = away_during_inference(installation, 100, away_s=120)
    assert before == after


def read_only(on):
    """As a standby, or as an operator sets it whose disk is full. Connections that are open see it too."""
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = off")
        cursor.execute(f"ALTER SYSTEM SET default_transaction_read_only = {on}")
        cursor.execute("SELECT pg_reload_conf()")
    until(lambda: _said_by_a_new_connection() == on, 60, "the server has read it")
    time.sleep(0.5)  # those that are open as well


def _said_by_a_new_connection():
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SHOW default_transaction_read_only")
        return cursor.fetchone()[0]


def test_r16_a_database_that_only_reads_refuses_films_with_503_and_shows_its_pages(installation, sender, look):
    workers = [installation.started(kind, **QUICK) for kind in ("sweeper", "screening")]
    until(all_ended, 60, "what came before")
    read_only("on")
    try:
        assert set(sender.send_all(range(8))) == {503}
        assert look("/worklist/").status_code == 200
        assert "Traceback" not in installation.programs[0].said()
        time.sleep(3)
    finally:
        read_only("off")
    for number in range(8):
        sender.send_until_taken(number)
    until(all_ended, 60, "every film ended")
    checker.check(acknowledged=sender.acknowledged())
    assert Prediction.objects.count() == 16
    assert all(worker.alive for worker in workers)
