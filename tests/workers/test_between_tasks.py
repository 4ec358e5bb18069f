"""What a worker keeps from one task to the next, and what it does not claim at once."""

import time

import pytest
from celery.fixups.django import DjangoWorkerFixup
from django.db import connection

from screening.models import Heartbeat, ModelVersion, Screening
from tests import factories
from workers import batch, celery, engine, loading


@pytest.fixture(autouse=True)
def fresh_engine():
    loading.forget()
    yield
    loading.forget()


@pytest.mark.django_db
def test_celery_keeps_the_databases_connection_between_tasks():
    connection.ensure_connection()
    before = connection.connection
    DjangoWorkerFixup(celery.app).close_database()
    assert connection.connection is before


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_broke_in_one_task_is_a_new_one_in_the_next():
    connection.ensure_connection()
    connection.connection.close()
    with pytest.raises(Exception, match="closed"):
        ModelVersion.objects.count()
    celery.keep_the_connection()
    assert ModelVersion.objects.count() == 0


def claimed(rows, seconds_ago):
    return batch.Batch(rows, [], {"claimed": time.monotonic() - seconds_ago})


def row(alone=False):
    return Screening(alone=alone)


def test_behind_a_batch_that_was_not_full_a_claim_waits_and_behind_any_other_it_does_not(settings, monkeypatch):
    monkeypatch.setattr(engine, "PACE_S", 10)
    full = [row() for _ in range(settings.BATCH_SIZE)]
    assert 9 < engine.pause(claimed([row()], 0.5)) < 9.6
    assert engine.pause(claimed([row()], 11)) == 0
    assert engine.pause(claimed(full, 0)) == engine.pause(claimed([row(alone=True)], 0)) == engine.pause(None) == 0


@pytest.mark.django_db
def test_films_that_come_one_by_one_are_claimed_together(monkeypatch):
    factories.active_model()
    site = factories.site()
    factories.study(site)
    monkeypatch.setattr(engine, "PACE_S", 0.2)
    together, begin, pause = [], batch.begin, engine.pause

    def films_come(last):
        if len(together) == 1 and Screening.objects.count() == 1:
            factories.study(site)
            factories.study(site)
        return pause(last)

    monkeypatch.setattr(engine, "pause", films_come)
    monkeypatch.setattr(batch, "begin", lambda each, *rest: together.append(len(each.rows)) or begin(each, *rest))
    engine.work()
    assert together == [1, 2]


@pytest.mark.django_db
def test_a_sign_of_life_that_says_nothing_new_is_written_twice_a_sweep_and_news_at_once(monkeypatch, settings):
    settings.SWEEP_S = 10
    version = factories.active_model()
    clock = iter([0, 4, 6])
    monkeypatch.setattr(engine.time, "monotonic", lambda: next(clock))
    written = []
    monkeypatch.setattr("workers.heartbeat.beat", lambda *_, **said: written.append(said["problem"]))
    monkeypatch.setattr(loading, "load", lambda: ({version.pk: None}, ""))
    for _ in range(3):
        engine.load()
    assert written == ["", ""]
    monkeypatch.setattr(engine.time, "monotonic", lambda: 6)
    monkeypatch.setattr(loading, "load", lambda: ({}, "its weights are missing"))
    engine.load()
    assert written == ["", "", "its weights are missing"]
    assert not Heartbeat.objects.exists()
