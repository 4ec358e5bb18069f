"""What one worker would do with a model that takes no time, and how fast films are put in the queue."""

import time

from screening import queue
from screening.models import Prediction
from tests.bench.screening.copies import copies
from workers import dispatch

ENQUEUED, SCREENED = 10_000, 3_000
LONGEST_S = 300


def of_one_worker(installation, images) -> dict:
    """Seconds to enqueue and ring for ENQUEUED films; films a second of a worker with a stub model among them."""
    made = copies(images, ENQUEUED)
    began = time.monotonic()
    dispatch.ring(queue.enqueue(made))
    enqueued = time.monotonic() - began
    before = Prediction.objects.count()
    installation.start("screening", name="stub", RUNTIME="tests.stub_runtime")
    _await(before + 100)  # it has started
    began, first = time.monotonic(), Prediction.objects.count()
    _await(first + SCREENED)
    speed = (Prediction.objects.count() - first) / (time.monotonic() - began)
    installation.end_programs()
    return {"enqueue_seconds": enqueued, "enqueued": ENQUEUED, "stub_films_a_second": speed}


def _await(count):
    ends = time.monotonic() + LONGEST_S
    while Prediction.objects.count() < count:
        assert time.monotonic() < ends, "the stub worker did not come that far"
        time.sleep(0.05)
