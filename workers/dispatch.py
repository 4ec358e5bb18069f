"""The only door to the broker. A ring carries opaque ids, and may be lost, doubled or late without harm."""

import logging
import time

import redis
from django.conf import settings
from django.db import transaction
from kombu.exceptions import KombuError

from screening.models import Job
from workers import broker

log = logging.getLogger(__name__)

# After a ring that the broker did not take none is tried for so long, and then one: an upload waits for it only then.
REST_S = 10
# While so many rings wait for the operations workers a slice that has more to do does not line up again. Fewer than
# what keeps the sweep from ringing (`tasks.ENOUGH_RINGS`): what is left is always heard of again.
FEW_RINGS = 2
_rests = {"until": 0.0}


def ring(screening_ids):
    """Wake the model workers once the transaction has committed; up to a batch of ids a message."""
    _after_commit("screen", screening_ids)


def ring_for_job(job):
    """Wake the worker that does this kind of job."""
    # A kind is named as its task, but for archives.
    _after_commit("unpack" if job.kind == Job.Kind.ARCHIVE else job.kind, [job.pk])


def go_on(job):
    """Wake a worker for this kind of job again: a slice of it is over, and more may be left.

    Where others wait they go first, and the sweep rings for what is left: else every ring for mail to a server that is
    away would keep its place in the line for ever.
    """
    if backlog("operations") < FEW_RINGS:
        ring_for_job(job)


def _after_commit(task, ids):
    ids = [str(pk) for pk in ids]
    pages = [ids[start : start + settings.BATCH_SIZE] for start in range(0, len(ids), settings.BATCH_SIZE)]
    transaction.on_commit(lambda: [_send(task, page) for page in pages], robust=True)


def _send(task, *arguments):
    """Ring, where the broker takes rings: the rows are in the ledger, and the sweep rings again."""
    from workers import tasks

    rested = _rests["until"]
    if time.monotonic() < rested:
        return
    if rested:  # this ring alone tries
        _rests["until"] = time.monotonic() + REST_S
    try:
        getattr(tasks, task).delay(*arguments)
        _rests["until"] = 0.0
    except (KombuError, redis.RedisError, OSError) as error:
        _rests["until"] = time.monotonic() + REST_S
        if not rested:
            log.warning("the broker takes no ring (%s): none is tried for %d s", type(error).__name__, REST_S)


def knock():
    """An empty ring to the model workers: take what is pending, and show that you live."""
    _send("screen", [])


def sweep_now():
    """Ask for a sweep that does not wait for beat's next one: it also knocks."""
    _send("sweep")


def answers():
    """Whether the broker answers at once."""
    return broker.answers()


def backlog(queue):
    """How many rings wait for the workers of a queue; 0 where the broker does not answer."""
    return broker.backlog(queue)
