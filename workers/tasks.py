"""The Celery tasks: thin. Arguments are opaque ids that Flower may show; what is taken is decided in the ledger."""

from datetime import timedelta

from celery import shared_task
from django.db.models.functions import Now

from screening import notices, queue, reading, rereading, rollout, spool
from screening.models import Heartbeat, Job
from workers import decoding, dispatch, engine, heartbeat, jobs, notifying

# Of a promotion whose process died before every study followed: some 10 s of them a sweep.
FOLLOW_CHUNKS = 50
HOUR = timedelta(hours=1)
ENOUGH_RINGS = 2 * queue.RINGS_A_SWEEP // 32


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
    # Archives may keep this worker busy for long: the sweep that waits behind them is made up for.
    _sweep()


@shared_task
def confirm(ids):
    """Needs pending confirm jobs, leaves each done with what its dry run held taken in, or failed."""
    jobs.confirm()


@shared_task
def decode(ids):
    """Needs pending decode jobs, leaves each done with its picture's renditions, or failed."""
    decoding.decode()


@shared_task
def mail(ids):
    """Needs pending mail jobs, leaves each sent, put off, or failed."""
    notifying.mail()


@shared_task
def webhook(ids):
    """Needs pending webhook jobs, leaves each posted, put off, or failed."""
    notifying.webhook()


@shared_task
def sweep():
    """Expired leases and claims go back, missing screenings are inserted, pending rows are rung for again."""
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
    swept = queue.sweep()
    if swept is None:
        return
    heartbeat.beat("sweep", "sweep")
    heartbeat.forget_the_dead()
    # Rings that nobody takes pile up in the broker and say nothing new.
    if dispatch.backlog() < ENOUGH_RINGS:
        dispatch.ring(swept.screenings)
        dispatch.knock()
    for job in [*Job.objects.filter(pk__in=swept.jobs), *notices.gather()]:
        dispatch.ring_for_job(job)
