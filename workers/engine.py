"""The model worker's loop: claim a batch, read renditions, predict, write. One child a GPU; only here are models run.

They are loaded in the child at its first task, and only what is loaded is claimed: weights that are missing or wrong
leave the screenings of their version pending, and the heartbeat says why.
"""

import itertools
import logging
import math
import multiprocessing
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
from celery import signals
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext_noop

from ml import preprocess
from ml.explain import overlay_png
from screening import queue
from screening.models import Job, ModelVersion
from screening.said_elsewhere import MODEL_FAILED
from workers import heartbeat, loading

log = logging.getLogger(__name__)

# A task goes on claiming for this long before it lets the next one in: rings stay visible in Flower, stops stay quick.
WORK_S = 10
# One claim in eight goes by arrival, so that the last of a class is never starved by the urgent.
ARRIVAL_EVERY = 8
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
    cards = ModelVersion.objects.filter(pk__in=list(loaded)).order_by("-active", "created_at")
    heartbeat.beat(owner(), "model", loaded=cards.values_list("card_sha256", flat=True), problem=problem)
    return loaded


def work():
    """Claim and screen batches until none is pending, the worker stops, or WORK_S is over.

    While one batch is predicted the renditions of the next are read. What was claimed ahead and is not begun is
    given back: neither a stop nor an error punishes it.
    """
    loaded = load()
    ends = time.monotonic() + WORK_S
    with ThreadPoolExecutor(1, thread_name_prefix="renditions") as reader:
        held, read = _take(loaded, ends, reader)
        try:
            while held:
                batch, films = held, read
                # A film that runs alone must fail alone: nothing else is held meanwhile.
                held, read = NOTHING if batch[0].alone else _take(loaded, ends, reader, ahead=True)
                screen(films.result(), loaded)
                if not held:
                    held, read = _take(loaded, ends, reader)
                if stopping():
                    break
        finally:
            queue.give_back(held)


NOTHING = ([], None)


def _take(loaded, ends, reader, ahead=False):
    """A claimed batch and the reading of its renditions, begun; NOTHING where there is none or time is up."""
    if not loaded or stopping() or time.monotonic() >= ends:
        return NOTHING
    by_arrival = next(_claims) % ARRIVAL_EVERY == 0
    batch = _claim(loaded, by_arrival)
    if batch and ahead and batch[0].alone:
        queue.give_back(batch)
        return NOTHING
    return (batch, reader.submit(_read, batch, loaded)) if batch else NOTHING


def _claim(loaded, by_arrival):
    """A batch for the active version, or where nothing waits for it, for one in shadow."""
    claims = (queue.claim_screenings(owner(), [version], by_arrival=by_arrival) for version in loaded)
    return next((batch for batch in claims if batch), [])


def _read(batch, loaded):
    """[(row, its tensor, or the error that it fails with)]. Runs beside the thread that works: no database here."""
    return [(row, _tensor(row, loaded[row.model_version_id][0].input_side)) for row in batch]


def _tensor(row, side):
    try:
        return preprocess.to_tensor(_grey(row.image), side)
    except queue.Permanent as error:
        return error


def _grey(image):
    """The model rendition of an image, (h, w) uint8; raises queue.Transient or queue.Permanent."""
    try:
        with image.model_input.open("rb") as file:
            png = file.read()
    except OSError as error:  # missing, or a storage that is away: either may pass
        log.warning("image %s: %s", image.pk, type(error).__name__)
        sentence = gettext_noop("The stored rendition of this film cannot be reached.")
        raise queue.Transient("rendition_missing", sentence) from None
    try:
        return preprocess.load_rendition(png)
    except (OSError, ValueError):
        sentence = gettext_noop("The stored rendition of this film cannot be read.")
        raise queue.Permanent("rendition_unreadable", sentence) from None


def screen(read, loaded):
    """Predict one batch as it was read and write what came of it. A film that cannot be read fails alone."""
    good = []
    for row, film in read:
        if isinstance(film, queue.Permanent):
            queue.fail(row, film)
        else:
            good.append((row, film))
    for version_id in {row.model_version_id for row, _ in good}:
        mine = [(row, film) for row, film in good if row.model_version_id == version_id]
        _predict([row for row, _ in mine], [film for _, film in mine], *loaded[version_id])


def _predict(rows, tensors, card, model):
    queue.renew(rows)
    start = time.perf_counter()
    try:
        answers = model.predict(np.stack(tensors))
    except Exception as error:  # The model's own failure (out of memory, say) is nobody's fault in the batch.
        log.exception("a batch of %d failed", len(rows))
        for row in rows:
            queue.fail(row, queue.Transient("model_failed", MODEL_FAILED % {"kind": type(error).__name__}))
        return
    spent = 1000 * (time.perf_counter() - start) / len(rows)
    scored = np.isfinite(answers.logits)
    for row, fits in zip(rows, scored, strict=True):
        if not fits:
            queue.fail(row, queue.Permanent("no_number", gettext_noop("The model gave no number for this film.")))
    results = [_result(row, answers, i, card, spent) for i, row in enumerate(rows) if scored[i]]
    lost = {result.screening.pk for result in results} - queue.complete(results, owner())
    for pk in lost:
        log.warning("lost_lease %s: somebody else has taken it over", pk)


def _result(row, answers, i, card, milliseconds):
    """What the model says of the i-th film of a batch."""
    logit, distance = float(answers.logits[i]), float(answers.distances[i])
    p = card.calibrate(logit)
    return queue.Result(
        row, logit, p, card.band(p), preprocess.PREPROCESS_VERSION, milliseconds,
        distance=distance if math.isfinite(distance) else None,
        outside_domain=not card.in_domain(distance),
        subtypes=_subtypes(p, answers.classes[i]) if answers.classes is not None else None,
    )  # fmt: skip


def _subtypes(p, classes):
    """How a calibrated p is shared between bacterial and viral, by P(normal, bacterial, viral) of the model."""
    _, bacterial, viral = (float(each) for each in classes)
    share = bacterial / (bacterial + viral)
    return {"bacterial": p * share, "viral": p * (1 - share)}


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
    try:
        heat = model.explain(_grey(job.image))
    except queue.Permanent as error:
        queue.fail(job, error)
        return
    except Exception as error:  # as in _predict
        log.exception("an explanation failed")
        queue.fail(job, queue.Transient("model_failed", MODEL_FAILED % {"kind": type(error).__name__}))
        return
    with transaction.atomic():
        if queue.finish(job):
            name = f"explanations/{job.pk.hex[:2]}/{job.pk}.png"
            job.file.save(name, ContentFile(overlay_png(heat)), save=False)
            Job.objects.filter(pk=job.pk).update(file=job.file.name)
