"""Many waiting films at once, all different, with true files: for tests that count what becomes of each."""

import hashlib
import io
import uuid

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image as Picture

from ml import pixels
from screening import order, queue, standing, worklist
from screening.models import Image, Priority, Study

SIDE = 48


def png(number):
    """Bytes of a small grey PNG that no other number has."""
    drawn = np.random.default_rng(number).integers(0, 255, (SIDE, SIDE), dtype=np.uint8)
    out = io.BytesIO()
    Picture.fromarray(drawn).save(out, "PNG", compress_level=1)
    return out.getvalue()


def waiting(site, count, priority=Priority.ROUTINE, first=0):
    """`count` studies of one image each, stored and enqueued as intake would; returns the images, by arrival.

    They are drawn by their numbers from `first` on: a site takes the same film once.
    """
    now = worklist.database_now()
    studies = [Study(site=site, priority=priority, received_at=now) for _ in range(count)]
    for study in studies:
        study.due_at, study.cap_at = order.due(study, None)
    Study.objects.bulk_create(studies)
    images = [_image(study, number) for number, study in enumerate(studies, first)]
    Image.objects.bulk_create(images)
    queue.enqueue(images)
    standing.recompute([study.pk for study in studies])
    return images


def _image(study, number):
    key, data = uuid.uuid4(), png(number)
    names = {
        "original": f"originals/{key}",
        "viewing": f"renditions/{key}.view",
        "model_input": f"renditions/{key}.model",
    }
    for name in names.values():
        default_storage.save(name, ContentFile(data))
    return Image(
        id=key, study=study, site=study.site, sha256=hashlib.sha256(data).hexdigest(), format="PNG", view="PA",
        rows=SIDE, columns=SIDE, pixels_version=pixels.PIXELS_VERSION, **names,
    )  # fmt: skip
