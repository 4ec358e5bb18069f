"""The two pictures that leave this package: one for people, one for the model."""

import hashlib

import numpy as np
from PIL import Image

from ml.pixels import png, tones
from ml.pixels.film import Film

MODEL_LONGEST = 512  # the model's square is smaller; more would only be read and thrown away


def viewing_rendition(film: Film) -> bytes:
    """PNG, grey, before VOI, values unscaled: 8 bit for films of 8 bits, else 16 bit."""
    return png.written(film.pixels.astype(np.uint8 if film.bits <= 8 else np.uint16))


def model_grey(film: Film) -> np.ndarray:
    """(h, w) uint8: windowed, longest side at most 512 with the aspect kept, then percentile-stretched 0.5..99.5.

    Reduced first: the percentiles of a native film and of a small copy then rest on the same few pixels.
    """
    picture = Image.fromarray(np.ascontiguousarray(film.windowed, dtype=np.float32))
    factor = MODEL_LONGEST / max(picture.size)
    if factor < 1:
        size = [max(1, round(side * factor)) for side in picture.size]
        picture = picture.resize(size, Image.Resampling.BILINEAR)  # Pillow widens the filter: no aliasing
    return np.rint(255 * tones.stretch(np.asarray(picture))).astype(np.uint8)


def model_rendition(film: Film) -> bytes:
    """PNG of `model_grey`, 8 bit."""
    return png.written(model_grey(film))


def content_hash(film: Film) -> str:
    """SHA-256 (hex) of the decoded pixels and their shape: equal for the same picture under another file."""
    shape = f"{film.pixels.shape[0]}x{film.pixels.shape[1]}:".encode()
    return hashlib.sha256(shape + np.ascontiguousarray(film.pixels, dtype="<u2").tobytes()).hexdigest()
