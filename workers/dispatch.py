"""The only door to the broker. A ring carries opaque ids, and may be lost, doubled or late without harm."""

import logging

from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


def ring(screening_ids):
    """Wake the model workers once the transaction has committed; up to a batch of ids a message."""
    _after_commit("screen", screening_ids)


def ring_for_job(job):
    """Wake the worker that does this kind of job."""
    _after_commit({"archive": "unpack", "explain": "explain"}[job.kind], [job.pk])


def _after_commit(task, ids):
    ids = [str(pk) for pk in ids]
    pages = [ids[start : start + settings.BATCH_SIZE] for start in range(0, len(ids), settings.BATCH_SIZE)]
    transaction.on_commit(lambda: [_send(task, page) for page in pages], robust=True)


def _send(task, ids):
    from workers import tasks

    try:
        getattr(tasks, task).delay(ids)
    except (OperationalError, RedisError, OSError) as error:
        # The sweep rings again: the row is in the ledger.
        log.warning(
            "the broker did not take a ring for %d rows (%s); the sweep will ring again", len(ids), type(error).__name__
        )


def knock():
    """An empty ring to the model workers: take what is pending, and show that you live."""
    _send("screen", [])
