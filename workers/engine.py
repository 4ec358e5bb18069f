"""The model worker's loop: claim a batch, read renditions, predict, write. One child a GPU; only here is TensorFlow.

The model is loaded in the child at its first task, and only what is loaded is claimed: weights that are missing or
wrong leave every screening pending, and the heartbeat says why.
"""

import importlib
import itertools
import logging
import math
import multiprocessing
import os
import socket
import time
from functools import cache

from celery import signals
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction

from ml import preprocess, registry
from ml.card import Card
from ml.explain import overlay_png
from screening import queue
from screening.models import Job, ModelVersion
from workers import heartbeat

log = logging.getLogger(__name__)

# A task goes on claiming for this long before it lets the next one in: rings stay visible in Flower, stops stay quick.
WORK_S = 10
# One claim in eight goes by arrival, so that the last of a class is never starved by the urgent.
ARRIVAL_EVERY = 8
_claims = itertools.count(1)
_loaded = {}
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


def runtime():
    return importlib.import_module(settings.RUNTIME)


def load():
    """Load the active version, if it is not yet loaded; returns {version id: (card, model)} of what can be claimed."""
    version = ModelVersion.objects.filter(active=True).first()
    problem = "" if version else "no model is active: run `manage.py bootstrap`"
    if version and version.pk not in _loaded:
        try:
            card = Card(**version.card, path=registry.WEIGHTS / f"{version.name}.json")
            _loaded[version.pk] = card, runtime().load(card)
            log.info("loaded %s (%s)", version.name, version.sha256[:12])
        except Exception as error:  # Whatever is wrong with the weights, the rows stay pending and a person is told.
            log.exception("the active model could not be loaded")
            problem = f"{type(error).__name__}: {error}"
    heartbeat.beat(owner(), "model", loaded=[card.weights_sha256 for card, _ in _loaded.values()], problem=problem)
    return _loaded


def work():
    """Claim and screen batches until none is pending, the worker stops, or WORK_S is over."""
    loaded = load()
    ends = time.monotonic() + WORK_S
    while loaded and not stopping() and time.monotonic() < ends:
        by_arrival = next(_claims) % ARRIVAL_EVERY == 0
        batch = queue.claim_screenings(owner(), list(loaded), by_arrival=by_arrival)
        if not batch:
            break
        screen(batch, loaded)


def screen(batch, loaded):
    """Predict one claimed batch and write what came of it. A film that cannot be read fails alone."""
    for version_id in {row.model_version_id for row in batch}:
        rows = [row for row in batch if row.model_version_id == version_id]
        card, model = loaded[version_id]
        read = [(row, tensor) for row in rows if (tensor := _read(row, card)) is not None]
        if read:
            _predict([row for row, _ in read], [tensor for _, tensor in read], card, model)


def _read(row, card):
    grey = _grey(row)
    return None if grey is None else preprocess.to_tensor(grey, card.input_side)


def _grey(row):
    """The model rendition of a leased row's image, (h, w) uint8; None where it cannot be had, and the row is failed."""
    try:
        with row.image.model_input.open("rb") as file:
            png = file.read()
    except OSError as error:  # missing, or a storage that is away: either may pass
        log.warning("row %s: %s", row.pk, type(error).__name__)
        queue.fail(row, queue.Transient("rendition_missing", "The stored rendition of this film cannot be reached."))
        return None
    try:
        return preprocess.load_rendition(png)
    except (OSError, ValueError):
        queue.fail(row, queue.Permanent("rendition_unreadable", "The stored rendition of this film cannot be read."))
        return None


def _predict(rows, tensors, card, model):
    queue.renew(rows)
    start = time.perf_counter()
    try:
        logits = model.predict(tensors)
    except Exception as error:  # The model's own failure (out of memory, say) is nobody's fault in the batch.
        log.exception("a batch of %d failed", len(rows))
        for row in rows:
            queue.fail(row, queue.Transient("model_failed", f"The model failed on this film ({type(error).__name__})."))
        return
    spent = 1000 * (time.perf_counter() - start) / len(rows)
    answers = list(zip(rows, map(float, logits), strict=True))
    for row, _ in [each for each in answers if not math.isfinite(each[1])]:
        queue.fail(row, queue.Permanent("no_number", "The model gave no number for this film."))
    results = [_result(row, logit, card, spent) for row, logit in answers if math.isfinite(logit)]
    lost = {result.screening.pk for result in results} - queue.complete(results, owner())
    for pk in lost:
        log.warning("lost_lease %s: somebody else has taken it over", pk)


def _result(row, logit, card, milliseconds):
    p = card.calibrate(logit)
    return queue.Result(row, logit, p, card.band(p), preprocess.PREPROCESS_VERSION, milliseconds)


def explain():
    """Draw where the model looked, for every pending explain job."""
    loaded = load()
    while loaded and not stopping():
        jobs = Job.objects.filter(kind=Job.Kind.EXPLAIN, model_version__in=list(loaded))
        claimed = queue.claim(jobs.select_related("image"), owner(), 1)
        if not claimed:
            return
        _explain(claimed[0], *loaded[claimed[0].model_version_id])


def _explain(job, card, model):
    grey = _grey(job)
    if grey is None:
        return
    try:
        heat = model.explain(grey)
    except Exception as error:  # as in _predict
        log.exception("an explanation failed")
        queue.fail(job, queue.Transient("model_failed", f"The model failed on this film ({type(error).__name__})."))
        return
    with transaction.atomic():
        if queue.finish(job):
            name = f"explanations/{job.pk.hex[:2]}/{job.pk}.png"
            job.file.save(name, ContentFile(overlay_png(heat)), save=False)
            Job.objects.filter(pk=job.pk).update(file=job.file.name)
