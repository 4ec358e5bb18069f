"""A worker killed with -9, a broker emptied: every film still gets exactly one prediction."""

import pytest

from screening.models import Prediction, Screening
from tests import factories
from tests.faults import checker, drawn
from tests.faults.conftest import QUICK, all_ended, broker, held_now, ring_for_all, until

pytestmark = pytest.mark.faults
FILMS = 40
SLOWLY = {**QUICK, "STUB_S": 0.1, "BATCH_SIZE": 8}


@pytest.fixture
def forty_films(installation):
    factories.active_model()
    return drawn.waiting(factories.site(), FILMS)


def predicted():
    return Prediction.objects.count()


def assert_each_film_has_exactly_one_prediction():
    until(all_ended, 60, "every film ended")
    checker.check()
    assert predicted() == FILMS


def test_an_emptied_broker_loses_no_film(forty_films, installation):
    installation.start("sweeper", **QUICK)
    installation.start("screening", **SLOWLY)
    ring_for_all()
    until(lambda: predicted() > 0, 60, "the worker at work")
    broker().flushall()
    assert predicted() < FILMS
    assert_each_film_has_exactly_one_prediction()


def test_a_stopped_worker_ends_its_batch_and_leaves_the_rest_pending(forty_films, installation):
    worker = installation.start("screening", **SLOWLY)
    ring_for_all()
    until(lambda: predicted() > 0, 60, "the worker at work")
    assert worker.end(within_s=60) == 0
    assert 0 < predicted() < FILMS
    assert not held_now()
    assert Screening.objects.filter(state="pending").count() == FILMS - predicted()
