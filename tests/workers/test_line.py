"""The line before an operations worker: whatever waits in it, leases and claims come back, and nothing is unheard."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from screening.models import Heartbeat, Job, Notice, Priority, Screening
from tests import factories
from workers import dispatch, overview, tasks

pytestmark = pytest.mark.django_db
BUSY = ("unpack", "confirm", "decode", "mail", "webhook")


@pytest.fixture
def site():
    factories.active_model()
    return factories.site()


@pytest.fixture
def lost(site):
    """A screening whose worker died."""
    factories.study(site)
    Screening.objects.update(state="leased", lease_until=Now() - timedelta(seconds=1))
    return Screening.objects.get()


def swept(seconds_ago):
    Heartbeat.objects.create(name="sweep", kind="sweep", seen_at=timezone.now() - timedelta(seconds=seconds_ago))


def mails(site, count, **fields):
    notices = [Notice.objects.create(kind="batch_ended", site=site, batch=factories.batch(site)) for _ in range(count)]
    return Job.objects.bulk_create(Job(kind="mail", notice=notice, **fields) for notice in notices)


def archive(site):
    return Job.objects.create(kind="archive", batch=factories.batch(site))


@pytest.mark.parametrize("name", BUSY)
def test_whatever_keeps_the_worker_busy_ends_with_the_sweep_that_is_due(name, lost, rung, settings):
    swept(settings.SWEEP_S + 1)
    getattr(tasks, name)([])
    lost.refresh_from_db()
    assert lost.state == "pending"


@pytest.mark.parametrize("name", BUSY)
def test_a_sweep_that_is_not_due_is_left_to_beat(name, lost, rung):
    swept(1)
    getattr(tasks, name)([])
    lost.refresh_from_db()
    assert lost.state == "leased"


def test_a_sweep_rings_once_for_each_kind_of_work_however_much_of_it_waits(site, rung):
    waiting = {"archive": archive(site)}
    mails(site, 12, priority=Priority.STAT)
    tasks.sweep()
    assert sorted(job.kind for job in rung["jobs"]) == ["archive", "mail"]
    assert waiting["archive"] in rung["jobs"]


def test_no_crowd_of_one_kind_keeps_the_sweep_from_another(site, rung, monkeypatch):
    monkeypatch.setattr("screening.sweeping.RINGS_A_SWEEP", 3)
    mails(site, 9, priority=Priority.STAT)
    last = archive(site)
    tasks.sweep()
    assert last in rung["jobs"]


def test_what_is_new_to_tell_is_rung_for_once_too(site, rung, monkeypatch):
    monkeypatch.setattr(tasks.notices, "gather", lambda: mails(site, 5))
    tasks.sweep()
    assert len(rung["jobs"]) == 1


@pytest.mark.parametrize(("full", "heard"), [("operations", ["explain"]), ("screening", ["mail"])])
def test_a_sweep_rings_in_no_queue_in_which_nobody_takes_the_rings(site, rung, monkeypatch, full, heard):
    monkeypatch.setattr(dispatch, "backlog", lambda queue: 30 if queue == full else 0)
    image = factories.study(site).images.get()
    Job.objects.create(kind="explain", image=image, model_version=factories.active_model())
    mails(site, 1)
    tasks.sweep()
    assert [job.kind for job in rung["jobs"]] == heard
    assert bool(rung["films"]) == (full == "operations")


def test_a_slice_lines_up_again_only_while_few_others_wait(site, rung, monkeypatch):
    job = archive(site)
    for waiting in (0, 1, 2, 30):
        monkeypatch.setattr(dispatch, "backlog", lambda queue, waiting=waiting: waiting)
        dispatch.go_on(job)
    assert rung["jobs"] == [job] * 2
    assert tasks.ENOUGH_RINGS["operations"] > dispatch.FEW_RINGS


def test_failed_deliveries_that_are_tried_again_are_rung_for_once(site, rung):
    failed = mails(site, 5, state="failed")
    assert overview.retry_jobs("mail", factories.administrator()) == len(failed)
    assert [job.kind for job in rung["jobs"]] == ["mail"]
