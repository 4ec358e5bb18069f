"""From the normalised grey picture to the model's square: the one squash, in training as in serving."""

import io

import numpy as np
from PIL import Image

from ml.pixels import PIXELS_VERSION

PREPROCESS_VERSION = f"pixels-{PIXELS_VERSION}.squash-1"


def to_tensor(grey: np.ndarray, side: int) -> np.ndarray:
    """(h, w) uint8 grey -> (side, side) uint8, aspect squashed as in the training films, antialiased."""
    picture = Image.fromarray(np.ascontiguousarray(grey, dtype=np.uint8))
    return np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR))


def load_rendition(png: bytes) -> np.ndarray:
    """(h, w) uint8 from the PNG that ml.pixels.model_rendition wrote."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
        return np.asarray(picture.convert("L"))
