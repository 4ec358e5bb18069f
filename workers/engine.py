"""The model worker's loop: claim a batch, read renditions, predict, write. One child a GPU; only here are models run.

Three things happen at once: a thread of its own runs the model on one batch, while the thread that works writes what
came of the batch before and claims the one after, whose renditions further threads read. The ledger is asked by the
thread that works alone.

Models are loaded in the child at its first task, and only what is loaded is claimed: weights that are missing or wrong
leave the screenings of their version pending, and the heartbeat says why.
"""

import itertools
import logging
import multiprocessing
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache, lru_cache

from celery import signals
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction

from ml.explain import overlay_png
from screening import keeping, queue
from screening.models import Job, ModelVersion, Priority
from screening.said_elsewhere import MODEL_FAILED
from workers import batch, dispatch, heartbeat, loading, renditions, watchdog

log = logging.getLogger(__name__)

# A task goes on claiming for this long before it lets the next one in: rings stay visible in Flower, stops stay quick.
WORK_S = 10
# One claim in eight goes by arrival, so that the last of a class is never starved by the urgent.
ARRIVAL_EVERY = 8
# After a claim that did not fill a batch the next one waits: films that come one by one are then claimed and written
# together, and each claim costs as much for one film as for thirty.
PACE_S = 0.25
_claims = itertools.count(1)
# Set in Celery's parent at a warm shutdown and seen by its forked child, which then claims no more.
_stopping = multiprocessing.get_context("fork").Event()


@cache
def owner():
    return f"{socket.gethostname()}:{os.getpid()}"


@signals.worker_shutting_down.connect
def _stop(**_):
    _stopping.set()


@signals.worker_process_shutdown.connect
def _leave(**_):
    """A child that ends well takes its sign of life along: `/readyz` must not count on it while its successor loads."""
    heartbeat.end(owner())


def stopping():
    """Whether this worker was asked to stop: take nothing more, give back what is held."""
    return _stopping.is_set()


def load():
    """{version id: (card, model)} of what can be claimed, active first; says as a sign of life what is loaded."""
    loaded, problem = loading.load()
    show(tuple(loaded), problem, time.monotonic() // (settings.SWEEP_S / 2))
    return loaded


@lru_cache(maxsize=1)
def show(loaded, problem, _half_of_a_sweep):
    """Write a sign of life, unless it would say what the last one did: rings may come by the hundred."""
    cards = ModelVersion.objects.filter(pk__in=loaded).order_by("-active", "created_at")
    heartbeat.beat(owner(), "model", loaded=cards.values_list("card_sha256", flat=True), problem=problem)


def work():
    """Claim and screen batches until none is pending, the worker stops, or WORK_S is over.

    What is held, and not begun to be written, when a stop or an error comes is given back: neither punishes it.
    """
    loaded = load()
    ends = time.monotonic() + WORK_S
    with renditions.readers() as readers, ThreadPoolExecutor(1, thread_name_prefix="model") as thread:
        finished = running = None
        held = _take(loaded, ends, readers)
        try:
            while held or running:
                watchdog.step()
                finished, running = running, None
                _await(finished)
                if held and not stopping():
                    if (following := _overtaking(held, loaded, readers)) is held:
                        held = None
                    running = following
                    batch.begin(running, loaded[running.version_id][1], thread)
                last = running or finished
                if finished:
                    written, finished = finished, None
                    batch.write(written, loaded[written.version_id][0], owner())
                if stopping() and not running:
                    break
                # A film that runs alone must fail alone: nothing else is held meanwhile.
                if not held and not (running and running.alone):
                    held = _take(loaded, ends, readers, after=last, ahead=running is not None)
        finally:
            watchdog.rest()
            queue.give_back([row for each in (finished, running, held) if each for row in each.rows])


def _await(running):
    """Let the model answer."""
    if running and running.answers:
        wait([running.answers])


def _take(loaded, ends, readers, after=None, ahead=False):
    """A claimed Batch that is being read; None where nothing is pending, or time is up.

    `after`: the batch that was claimed last, if there was one. `ahead`: while the model is busy; then nobody waits for
    films to come, and what has to run alone is left.
    """
    if seconds := pause(after):
        if ahead:
            return None
        time.sleep(seconds)
    if not loaded or stopping() or time.monotonic() >= ends:
        return None
    return _claim(loaded, readers, ahead=ahead, by_arrival=next(_claims) % ARRIVAL_EVERY == 0)


def pause(last):
    """Seconds until the next claim, behind a batch that was claimed last: none behind one that was full."""
    if last is None or len(last.rows) >= settings.BATCH_SIZE or last.alone:
        return 0
    return max(0, last.clock["claimed"] + PACE_S - time.monotonic())


def _overtaking(held, loaded, readers):
    """What came since `held` was claimed and is more urgent than the last of it, once; else `held` itself.

    So a stat film waits for the batch that the model is at, and for no other.
    """
    last = max(row.priority for row in held.rows)
    if last == Priority.STAT or held.overtaken or held.alone or not queue.is_pending(loaded, last):
        return held
    urgent = _claim(loaded, readers, ahead=True, more_urgent_than=last)
    held.overtaken = urgent is not None
    return urgent or held


def _claim(loaded, readers, *, ahead, **how):
    """A Batch for the active version, or where nothing waits for it, for one in shadow; None where nothing waits."""
    claims = ((version, queue.claim_screenings(owner(), [version], **how)) for version in loaded)
    version, rows = next(((version, rows) for version, rows in claims if rows), (None, []))
    if rows and ahead and rows[0].alone:
        queue.give_back(rows)
        return None
    return batch.claimed(rows, loaded[version][0].input_side, readers) if rows else None


def explain():
    """Draw where the model looked, for pending explain jobs, for about WORK_S; the rest waits for a ring of its own."""
    loaded = load()
    ends = time.monotonic() + WORK_S
    jobs = Job.objects.filter(kind=Job.Kind.EXPLAIN, model_version__in=list(loaded))
    try:
        while loaded and not stopping() and time.monotonic() < ends:
            claimed = queue.claim(jobs.select_related("image"), owner(), 1)
            if not claimed:
                return
            watchdog.step()
            _explain(claimed[0], *loaded[claimed[0].model_version_id])
    finally:
        watchdog.rest()
    if not stopping() and (left := jobs.filter(state=Job.State.PENDING).first()):
        dispatch.ring_for_job(left)


def _explain(job, card, model):
    try:
        heat = model.explain(renditions.grey(job.image))
    except queue.Permanent as error:
        queue.fail(job, error)
        return
    except Exception as error:  # as in batch.write
        log.exception("an explanation failed")
        queue.fail(job, queue.Transient("model_failed", MODEL_FAILED % {"kind": type(error).__name__}))
        return
    try:
        _keep(job, overlay_png(heat))
    except keeping.StorageFull as full:
        queue.fail(job, queue.Outage("storage_full", full.sentence))
    except OSError:
        queue.fail(job, queue.Outage("storage_away", keeping.AWAY))


@transaction.atomic
def _keep(job, png):
    if queue.finish(job):
        name = f"explanations/{job.pk.hex[:2]}/{job.pk}.png"
        with keeping.saying_full():
            job.file.save(name, ContentFile(png), save=False)
        Job.objects.filter(pk=job.pk).update(file=job.file.name)
