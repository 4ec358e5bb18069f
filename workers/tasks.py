"""The Celery tasks: thin. Arguments are opaque ids that Flower may show; what is taken is decided in the ledger."""

from celery import shared_task

from screening import queue, reading
from screening.models import Job
from workers import dispatch, engine, heartbeat, jobs


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


@shared_task
def sweep():
    """Expired leases and claims go back, missing screenings are inserted, pending rows are rung for again."""
    reading.expire_claims()
    swept = queue.sweep()
    if swept is None:
        return
    heartbeat.beat("sweep", "sweep")
    heartbeat.forget_the_dead()
    dispatch.ring(swept.screenings)
    for job in Job.objects.filter(pk__in=swept.jobs):
        dispatch.ring_for_job(job)
    dispatch.knock()
