"""One batch on its way through a model worker: claimed, its renditions being read, with the model, written."""

import itertools
import logging
import math
import time
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
from django.conf import settings
from django.utils.translation import gettext_noop

from ml import preprocess
from screening import queue
from screening.said_elsewhere import MODEL_FAILED
from workers import renditions

log = logging.getLogger(__name__)

# What was claimed longer ago than this share of a lease gets a whole one when the model begins with it.
RENEW_AFTER = 0.1
SPENT = "%d films: read in %.0f ms, held for %.0f ms, predicted in %.0f ms, written in %.0f ms"


@dataclass
class Batch:
    """Leased rows of one version. `clock`: when it was claimed, read, begun and predicted, by the monotonic clock."""

    rows: list
    reading: list[Future]
    clock: dict = field(default_factory=dict)
    # Of the rows those whose films could be read, and what the model says of them.
    good: list = field(default_factory=list)
    answers: Future | None = None
    overtaken: bool = False

    @property
    def alone(self):
        return self.rows[0].alone

    @property
    def version_id(self):
        return self.rows[0].model_version_id


def claimed(rows, side, readers):
    """The Batch of rows that were just claimed; its films are read from now on, as squares of `side` pixels."""
    clock = {"claimed": time.monotonic()}
    batch = Batch(rows, renditions.begin(readers, rows, side), clock)
    batch.reading[-1].add_done_callback(lambda _: clock.update(read=time.monotonic()))
    return batch


def begin(batch, model, thread):
    """Hand the batch to the model in its thread. A film that cannot be read fails alone."""
    batch.good, tensors, bad = renditions.read(batch.rows, batch.reading)
    for row, error in bad:
        queue.fail(row, error)
    if time.monotonic() - batch.clock["claimed"] > RENEW_AFTER * settings.LEASE_S:
        queue.renew(batch.good)
    batch.clock["begun"] = time.monotonic()
    if tensors:
        batch.answers = thread.submit(_predict, model, tensors, batch.clock)


def _predict(model, tensors, clock):
    try:
        return _asked(model, tensors)
    finally:
        clock["predicted"] = time.monotonic()


def _asked(model, tensors):
    """[(how many films, the model's Answers to them, or the error that it failed with)].

    A batch that it fails on, out of memory say, is asked about in halves: what does not fit at once is done, and a film
    fails alone.
    """
    try:
        return [(len(tensors), model.predict(np.stack(tensors)))]
    except Exception as error:
        log.exception("the model failed on %d films", len(tensors))
        if len(tensors) == 1:
            return [(1, error)]
    half = len(tensors) // 2
    return _asked(model, tensors[:half]) + _asked(model, tensors[half:])


def write(batch, card, worker):
    """Write what the model says of the batch, once it has said it."""
    if batch.answers is None:
        return
    parts = batch.answers.result()
    spent = 1000 * (batch.clock["predicted"] - batch.clock["begun"]) / len(batch.good)
    results, left = [], iter(batch.good)
    for count, said in parts:
        rows = list(itertools.islice(left, count))
        if isinstance(said, Exception):  # nobody's fault in the batch
            queue.fail(rows[0], queue.Transient("model_failed", MODEL_FAILED % {"kind": type(said).__name__}))
        else:
            results += _results(rows, said, card, spent)
    lost = {result.screening.pk for result in results} - queue.complete(results, worker)
    for pk in lost:
        log.warning("lost_lease %s: somebody else has taken it over", pk)
    _say_how_long(batch)


def _results(rows, answers, card, spent):
    """What is to be written of rows that the model has answered; a film that it gave no number for fails."""
    scored = np.isfinite(answers.logits)
    for row, fits in zip(rows, scored, strict=True):
        if not fits:
            queue.fail(row, queue.Permanent("no_number", gettext_noop("The model gave no number for this film.")))
    return [_result(row, answers, i, card, spent) for i, row in enumerate(rows) if scored[i]]


def _say_how_long(batch):
    """The stages, one after the other: from the claim to what is written."""
    steps = ("claimed", "read", "begun", "predicted")
    times = [*(batch.clock[step] for step in steps), time.monotonic()]
    spent = [1000 * max(0, end - start) for start, end in itertools.pairwise(times)]
    log.info(SPENT, len(batch.good), *spent)


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
