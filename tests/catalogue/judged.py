"""How a sent case is looked at."""

import io

import numpy as np
from PIL import Image as Picture

from ml import pixels
from screening.models import Image
from tests.catalogue import picture


def check(case, answer):
    """The answer, the receipt and the picture are as the case says."""
    found = answer.json().get("receipt") or {"outcome": "archive", "reason": ""}
    told = (answer.status_code, found["outcome"], found["reason"], found.get("sentence"))
    assert found["outcome"] == case.outcome and found["reason"] in case.codes, told
    assert answer.status_code in case.statuses, told
    if case.outcome == "rejected":
        assert answer.json()["error"] == {"code": found["reason"], "sentence": found["sentence"]}
    gates = list(Image.objects.values_list("gate", flat=True))
    assert gates == ([case.gate] if case.outcome == "accepted" else [])
    if case.twin is not None:
        assert distance(Image.objects.get()) <= case.twin


def model_grey(data):
    """(h, w) of a rendition's bytes, 0..255."""
    return np.asarray(Picture.open(io.BytesIO(data)), dtype=float)


def distance(image):
    """Mean difference of what the model would see from the plain picture, in grey levels of 255."""
    with image.model_input.open("rb") as file:
        seen = model_grey(file.read())
    wanted = pixels.model_grey(pixels.read(picture.plain())).astype(float)
    assert seen.shape == wanted.shape
    return np.abs(seen - wanted).mean()
