"""FirstRead as `manage.py up` runs it, timed from outside: from stored renditions, and from the upload."""

import re
import time
from itertools import groupby

from django.db import connection

from screening import queue
from screening.models import Image, Prediction, Screening
from tests.bench import senders
from tests.bench.screening.copies import copies
from workers import dispatch

POLL_S = 0.02
LONGEST_S = 180
# Asked often, so each half is a look into an index.
UNSETTLED = """
SELECT EXISTS (SELECT FROM screening_screening WHERE state = 'pending')
    OR EXISTS (SELECT FROM screening_screening WHERE state = 'leased')
"""
STAGES = ("queued", "read", "held", "predicted", "written")
SAID = re.compile(r"(\d+) films: read in (\d+) ms, held for (\d+) ms, predicted in (\d+) ms, written in (\d+) ms")


def from_renditions(images: list[Image], count: int) -> float:
    """Seconds from the enqueuing of so many stored films to the last written prediction."""
    made = copies(images, count)
    began = time.monotonic()
    dispatch.ring(queue.enqueue(made))
    return _until_all_are_written(began, made)


def from_upload(portal: senders.Portal, site: str, films: dict[str, bytes], send=senders.by_page) -> float:
    """Seconds from the first byte sent to the last written prediction; `send` is one of the senders."""
    before = set(Image.objects.values_list("pk", flat=True))
    began = time.monotonic()
    send(portal, site, films)
    seconds = _until_all_are_written(began, ())
    assert Prediction.objects.exclude(image__in=before).count() == len(films)
    return seconds


def _until_all_are_written(began, images):
    with connection.cursor() as cursor:
        while True:
            cursor.execute(UNSETTLED)
            if not cursor.fetchone()[0]:
                break
            assert time.monotonic() - began < LONGEST_S, "not all films were screened"
            time.sleep(POLL_S)
    seconds = time.monotonic() - began
    written = Prediction.objects.filter(image__in=[image.pk for image in images]).count()
    assert written == len(images), f"{written} of {len(images)} films have a prediction"
    return seconds


def stages(said: str, since) -> list[dict]:
    """[{"films", STAGES in ms}] of the batches of one worker, from what its log says and the rows written since then.

    Both are in the order of writing. A film is queued from its row to its claim; of a batch the median.
    """
    lines = [tuple(map(int, line)) for line in SAID.findall(said)]
    rows = Screening.objects.filter(ended_at__gt=since, state="done").order_by("ended_at")
    ended = [list(rows) for _, rows in groupby(rows.values_list("ended_at", "created_at"), key=lambda row: row[0])]
    found = []
    for (films, *spent), written in zip(lines, ended, strict=True):
        assert films == len(written)
        waited = sorted(1000 * (end - created).total_seconds() for end, created in written)[films // 2]
        found.append({"films": films} | dict(zip(STAGES, [waited - sum(spent[:3]), *spent], strict=True)))
    return found
