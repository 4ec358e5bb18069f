"""The Celery tasks: thin. Arguments are opaque ids that Flower may show; what is taken is decided in the ledger."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db.models.functions import Now

from screening import notices, reading, rereading, rollout, spool, sweeping
from screening.models import Heartbeat, Job
from workers import decoding, dispatch, engine, heartbeat, jobs, notifying

# Of a promotion whose process died before every study followed: some 10 s of them a sweep.
FOLLOW_CHUNKS = 50
HOUR = timedelta(hours=1)
# Rings that nobody takes pile up in the broker and say nothing new.
ENOUGH_RINGS = {"screening": 2 * sweeping.RINGS_A_SWEEP // 32, "operations": 8}


@shared_task
def screen(ids):
    """Needs pending screenings, leaves them done, failed or back in the queue. `ids` are hints for whoever watches."""
    engine.work()


@shared_task
def explain(ids):
    """Needs pending explain jobs, leaves each done with its picture, or failed."""
    engine.explain()


@shared_task
def unpack(ids):
    """Needs pending archive jobs, leaves each done with a receipt an entry, or failed."""
    jobs.unpack()
    _sweep_if_due()


@shared_task
def confirm(ids):
    """Needs pending confirm jobs, leaves each done with what its dry run held taken in, or failed."""
    jobs.confirm()
    _sweep_if_due()


@shared_task
def decode(ids):
    """Needs pending decode jobs, leaves each done with its picture's renditions, or failed."""
    decoding.decode()
    _sweep_if_due()


@shared_task
def mail(ids):
    """Needs pending mail jobs, leaves each sent, put off, or failed."""
    notifying.mail()
    _sweep_if_due()


@shared_task
def webhook(ids):
    """Needs pending webhook jobs, leaves each posted, put off, or failed."""
    notifying.webhook()
    _sweep_if_due()


@shared_task
def sweep():
    """Expired leases and claims go back, missing screenings are inserted, pending rows are rung for again."""
    _sweep()


def _sweep_if_due():
    """Slices of other work may keep this worker busy for long: the sweep that waits behind them is made up for."""
    lately = Now() - timedelta(seconds=settings.SWEEP_S)
    if not Heartbeat.objects.filter(name="sweep", seen_at__gt=lately).exists():
        _sweep()


def _tidy_the_spool():
    """Once an hour: it walks through folders."""
    beat = Heartbeat.objects.filter(name="spool", seen_at__gt=Now() - HOUR)
    if not beat.exists():
        heartbeat.beat("spool", "spool")
        spool.expire()


def _sweep():
    reading.expire_claims()
    rereading.expire_claims()
    rollout.follow(FOLLOW_CHUNKS)
    _tidy_the_spool()
    swept = sweeping.sweep()
    if swept is None:
        return
    heartbeat.beat("sweep", "sweep")
    heartbeat.forget_the_dead()
    _ring(swept.screenings, [*Job.objects.filter(pk__in=swept.jobs), *notices.gather()])


def _ring(screenings, jobs):
    """Where rings are heard; for jobs once a kind, for a slice takes whatever of its kind is due."""
    heard = {queue: dispatch.backlog(queue) < enough for queue, enough in ENOUGH_RINGS.items()}
    if heard["screening"]:
        dispatch.ring(screenings)
        dispatch.knock()
    for kind, job in {job.kind: job for job in jobs}.items():
        if heard["screening" if kind == Job.Kind.EXPLAIN else "operations"]:
            dispatch.ring_for_job(job)
