"""Why the AI is not applied to a picture, and what its sender is told of it."""

from screening import reasons
from screening.models import LATERAL_VIEWS, Image


def gate_of(view, flaw):
    """The Image.Gate of a picture: what is wrong with it (`ml.pixels.Film.flaw`) before its view."""
    return Image.Gate(flaw) if flaw else Image.Gate.LATERAL if view in LATERAL_VIEWS else Image.Gate.NONE


def sentence(image, code):
    """The receipt's sentence for an accepted image: where it has a gate, which syntax or how many pictures is named."""
    words = reasons.sentence(code)
    return words.replace(".", f" ({image.gate_detail}).", 1) if code == image.gate and image.gate_detail else words
