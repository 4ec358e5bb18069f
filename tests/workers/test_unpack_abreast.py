"""An archive whose entries are taken side by side: what hangs, ends or is refused costs its neighbours nothing."""

import io
import threading
import time
from types import SimpleNamespace

import pytest
from django.db.models.functions import Now

from screening import archive, sandbox
from screening.models import Job, Receipt, Screening, Site, Usage
from tests import factories
from tests.intake import films
from tests.intake.conftest import media  # noqa: F401
from workers import engine, jobs

pytestmark = pytest.mark.django_db(transaction=True)
FILMS = 40
PATIENCE_S = 60


@pytest.fixture
def job(monkeypatch, media):  # noqa: F811
    """An archive of FILMS films; two decoders."""
    monkeypatch.setattr(sandbox, "CHILDREN", 2)
    factories.active_model()
    home = factories.site()
    packed = films.archive({f"{number}.jpg": films.jpeg(number) for number in range(FILMS)})
    return archive.spool(factories.batch(home, by=factories.technologist(home)), "cd.zip", io.BytesIO(packed))


@pytest.fixture
def hangs(monkeypatch):
    """Give a condition: the third entry is taken once it holds, and `waited` says that this took too long."""

    def until(condition):
        def take(opened, entry, *args, **fields):
            ends = time.monotonic() + PATIENCE_S
            while entry.index == 3 and not condition():
                if time.monotonic() > ends:
                    until.waited.set()
                    break
                time.sleep(0.05)
            return archive.take_entry(opened, entry, *args, **fields)

        monkeypatch.setattr(jobs, "take_entry", take)

    until.waited = threading.Event()
    return until


@pytest.fixture
def over_once(monkeypatch):
    """Give a condition: the job's clock goes on by so many seconds once it holds, and the slice is over."""

    def patch(condition, by=1000):
        clock = SimpleNamespace(monotonic=lambda: time.monotonic() + (by if condition() else 0))
        monkeypatch.setattr(jobs, "time", clock)

    return patch


def answered(job):
    return sorted(job.receipts.values_list("entry", flat=True))


def test_while_one_hangs_all_others_are_taken_and_rung_for_though_the_slice_is_over(
    job, rung, hangs, over_once, monkeypatch
):
    monkeypatch.setattr(jobs, "RING_S", 0.1)
    hung = threading.Event()
    hangs(lambda: hung.set() or job.receipts.count() == len(rung["films"]) == FILMS - 1)
    monkeypatch.setattr(sandbox, "WALL_S", 600)
    over_once(hung.is_set, by=jobs.SLICE_S + 1)
    jobs.unpack()
    assert not hangs.waited.is_set()
    job.refresh_from_db()
    assert (job.state, answered(job)) == ("done", list(range(1, FILMS + 1)))
    assert sorted(rung["films"]) == sorted(Screening.objects.values_list("pk", flat=True))


def test_the_lease_is_renewed_while_one_hangs(job, rung, hangs, monkeypatch):
    monkeypatch.setattr(jobs, "RENEW_S", 0.1)
    seen = set()

    def renewed_twice():
        seen.add(Job.objects.values_list("lease_until", flat=True).get())
        return job.receipts.count() == FILMS - 1 and len(seen) >= 4

    hangs(renewed_twice)
    jobs.unpack()
    assert not hangs.waited.is_set()


def test_the_end_of_a_slice_loses_nothing_that_was_begun(job, rung, over_once):
    over_once(lambda: job.receipts.count() >= 5)
    jobs.unpack()
    job.refresh_from_db()
    taken = answered(job)
    assert (job.state, job.attempts) == ("pending", 0)
    assert 0 < len(taken) < FILMS
    assert len(rung["films"]) == len(taken) == Screening.objects.count()
    over_once(lambda: False)
    while job.state == "pending":
        jobs.unpack()
        job.refresh_from_db()
    assert answered(job) == list(range(1, FILMS + 1))
    assert len(rung["films"]) == len(set(rung["films"])) == FILMS


def test_a_stop_begins_no_more_and_waits_for_what_hangs(job, rung, hangs, monkeypatch):
    stopped_at = []

    def stop():
        stopped_at.extend([] if stopped_at or job.receipts.count() < 5 else [job.receipts.count()])
        return bool(stopped_at)

    monkeypatch.setattr(engine, "stopping", lambda: bool(stopped_at))
    hangs(stop)
    jobs.unpack()
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("pending", 0)
    assert 3 in answered(job)
    assert len(rung["films"]) == len(answered(job)) < FILMS


def test_a_lease_that_is_lost_ends_it_at_the_next_entry(job, rung, hangs):
    lost_at = []

    def lose():
        if not lost_at and job.receipts.count() >= 5:
            Job.objects.update(state="cancelled")
            lost_at.append(job.receipts.count())
        return bool(lost_at)

    hangs(lose)
    jobs.unpack()
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert job.receipts.count() <= lost_at[0] + 2 * sandbox.CHILDREN
    assert len(rung["films"]) == job.receipts.count()


def test_more_than_a_day_may_hold_is_not_begun_and_what_was_begun_is_kept(job, rung, settings):
    settings.BATCH_SIZE = 8
    Site.objects.update(daily_files=16)
    jobs.unpack()
    job.refresh_from_db()
    assert (job.state, job.error_code, len(answered(job))) == ("pending", "quota_exceeded", 16)
    assert len(rung["films"]) == 16
    Usage.objects.update(day="2020-01-01")
    Site.objects.update(daily_files=100)
    Job.objects.update(next_attempt_at=Now())
    jobs.unpack()
    assert Receipt.objects.count() == FILMS
