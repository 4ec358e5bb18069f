"""The only door to the broker. A ring carries opaque ids, and may be lost, doubled or late without harm."""

import logging

import redis
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from screening.models import Job

log = logging.getLogger(__name__)


def ring(screening_ids):
    """Wake the model workers once the transaction has committed; up to a batch of ids a message."""
    _after_commit("screen", screening_ids)


def ring_for_job(job):
    """Wake the worker that does this kind of job."""
    # A kind is named as its task, but for archives.
    _after_commit("unpack" if job.kind == Job.Kind.ARCHIVE else job.kind, [job.pk])


def _after_commit(task, ids):
    ids = [str(pk) for pk in ids]
    pages = [ids[start : start + settings.BATCH_SIZE] for start in range(0, len(ids), settings.BATCH_SIZE)]
    transaction.on_commit(lambda: [_send(task, page) for page in pages], robust=True)


def _send(task, *arguments):
    from workers import tasks

    try:
        getattr(tasks, task).delay(*arguments)
    except (OperationalError, redis.RedisError, OSError) as error:
        # The sweep rings again: the rows are in the ledger.
        log.warning("the broker did not take a ring for `%s` (%s); the sweep rings again", task, type(error).__name__)


def knock():
    """An empty ring to the model workers: take what is pending, and show that you live."""
    _send("screen", [])


def sweep_now():
    """Ask for a sweep that does not wait for beat's next one: it also knocks."""
    _send("sweep")


def answers():
    """Whether the broker answers a PING at once."""
    return bool(_ask(lambda broker: broker.ping()))


def backlog():
    """How many rings wait for the model workers; 0 where the broker does not answer."""
    return _ask(lambda broker: broker.llen("screening")) or 0


def _ask(question, within_s=0.5):
    """What the broker itself answers within that many seconds, or None."""
    # redis-py says unix:// for what kombu calls redis+socket://.
    url = settings.REDIS_URL.replace("redis+socket://", "unix://", 1)
    try:
        with redis.Redis.from_url(url, socket_timeout=within_s, socket_connect_timeout=within_s) as broker:
            return question(broker)
    except (redis.RedisError, OSError):
        return None
