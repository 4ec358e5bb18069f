"""A stat film that is uploaded while thousands of routine ones wait: how long until it is scored."""

import json
import statistics
import time

from django.conf import settings
from django.db.models.functions import Now

from screening import queue
from screening.models import Prediction, Screening
from tests.bench import drawn, senders
from tests.bench.screening.copies import copies
from workers import dispatch

WAITING, TIMES = 5_000, 5
# Where the numbers of these films begin, away from those that are timed elsewhere.
OTHERS = 2 * 10**6
MARGIN_S, POLL_S = 1, 0.01


def seconds(portal: senders.Portal, images) -> dict:
    """Seconds from the upload's first byte to the prediction; what a batch takes in the same minute; and the goal."""
    dispatch.ring(queue.enqueue(copies(images, WAITING)))
    took = []
    for name, film in drawn.drawn(TIMES, (1080,), first=OTHERS).items():
        time.sleep(1)
        took.append(_one(portal, name, film))
    latest = Prediction.objects.order_by("-created_at").values_list("milliseconds", flat=True)
    batch_s = statistics.median(latest[: 10 * settings.BATCH_SIZE]) * settings.BATCH_SIZE / 1000
    _end_the_rest()
    return {"seconds": took, "batch_s": batch_s, "goal_s": 2 * batch_s + MARGIN_S}


def _one(portal, name, film):
    portal.rest()
    stat = json.dumps({"site": "stat", "priority": "stat"})
    status, batch = portal.ask("POST", "/batches", stat, Content_Type="application/json")
    assert status == 201, batch
    began = time.monotonic()
    status, answer = portal.send(batch["id"], name, film)
    assert status == 201, answer
    while not Prediction.objects.filter(image__study__batch=batch["id"]).exists():
        time.sleep(POLL_S)
    return time.monotonic() - began


def _end_the_rest():
    waiting = Screening.objects.filter(state=Screening.State.PENDING)
    while waiting.update(state=Screening.State.CANCELLED, ended_at=Now()) or _leased():
        time.sleep(0.1)


def _leased():
    return Screening.objects.filter(state=Screening.State.LEASED).exists()
