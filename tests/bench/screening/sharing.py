"""Two workers on the same cores and one queue: what both get done, by what one does alone, and who did how much."""

import time
from collections import Counter

from screening.models import Prediction
from screening.worklist import database_now
from tests.bench.screening import pipeline
from workers.celery import app

SECOND = "second"
# A look into the broker takes a second: one that was begun before has ended then.
LET_GO_S = 2


def compared(installation, images, count, rounds) -> dict:
    """Of each round films a second of two by those of one, and the first worker's share of the two's films."""
    installation.started("screening", name=SECOND)
    ratios, shares = [], []
    for _ in range(rounds):
        one, _ = _speed(images, count, two=False)
        two, share = _speed(images, count, two=True)
        ratios.append(two / one)
        shares.append(share)
    return {"ratios": ratios, "shares": shares}


def _speed(images, count, two):
    """(films a second, the share of the worker that did less)"""
    (app.control.add_consumer if two else app.control.cancel_consumer)(
        "screening", destination=[f"{SECOND}@test"], reply=True, timeout=10
    )
    time.sleep(LET_GO_S)
    began = database_now()
    seconds = pipeline.from_renditions(images, count)
    done = Counter(Prediction.objects.filter(created_at__gt=began).values_list("worker", flat=True))
    assert len(done) == 1 + two, done
    return count / seconds, min(done.values()) / count
