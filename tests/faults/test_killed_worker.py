"""A worker killed with -9, a broker emptied: every film still gets exactly one prediction."""

import os
import signal

import pytest
import redis
from django.conf import settings

from screening.models import Prediction, Screening
from tests import factories
from tests.faults.conftest import LEASE_S, SWEEP_S, until
from workers import dispatch

FILMS = 40
# A lease, a sweep to see that it ran out, another to ring, and the work itself with some air.
RECOVERED_S = LEASE_S + 2 * SWEEP_S + 30


@pytest.fixture
def forty_films(transactional_db):
    factories.active_model()
    site = factories.site()
    return [factories.study(site) for _ in range(FILMS)]


def ring_for_all():
    dispatch.ring(list(Screening.objects.values_list("pk", flat=True)))


def held_now():
    return set(Screening.objects.filter(state="leased").values_list("pk", flat=True))


def predicted():
    return Prediction.objects.count()


def assert_each_film_has_exactly_one_prediction():
    until(lambda: predicted() == FILMS, RECOVERED_S, "every film predicted")
    assert Prediction.objects.values("image").distinct().count() == FILMS
    assert set(Screening.objects.values_list("state", flat=True)) == {"done"}
    fences = dict(Screening.objects.values_list("image", "fence"))
    assert {p.image_id: p.fence for p in Prediction.objects.all()} == fences


@pytest.mark.faults
def test_a_worker_killed_in_the_middle_of_forty_films_loses_and_doubles_none(forty_films, workers):
    workers.sweeper()
    doomed = workers.screening_worker()
    ring_for_all()
    until(lambda: predicted() and held_now(), 60, "the worker in the middle of a batch")
    workers.kill(doomed)
    held = held_now()
    assert held, "the worker was killed between two batches; this test must hit one"
    assert predicted() < FILMS
    workers.screening_worker()
    assert_each_film_has_exactly_one_prediction()
    assert set(Screening.objects.filter(pk__in=held).values_list("attempts", "crashes")) == {(2, 0)}


@pytest.mark.faults
def test_an_emptied_broker_loses_no_film(forty_films, workers):
    workers.sweeper()
    workers.screening_worker()
    ring_for_all()
    until(lambda: predicted() > 0, 60, "the worker at work")
    redis.Redis(unix_socket_path=settings.REDIS_URL.removeprefix("redis+socket://")).flushall()
    assert predicted() < FILMS
    assert_each_film_has_exactly_one_prediction()


@pytest.mark.faults
def test_a_stopped_worker_ends_its_batch_and_leaves_the_rest_pending(forty_films, workers):
    worker = workers.screening_worker()
    ring_for_all()
    until(lambda: predicted() > 0, 60, "the worker at work")
    os.kill(worker.pid, signal.SIGTERM)
    worker.wait(timeout=20)
    workers.running.remove(worker)
    assert 0 < predicted() < FILMS
    assert not Screening.objects.filter(state="leased").exists()
    assert Screening.objects.filter(state="pending").count() == FILMS - predicted()
