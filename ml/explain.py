"""Grad-CAM (Selvaraju 2017, arXiv 1610.02391): where the network saw what it calls pneumonia."""

import io

import numpy as np
from PIL import Image

OVERLAY_RGB = (255, 159, 90)  # the look's colour of "likely"


def heat_map(features: np.ndarray, gradients: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(h, w) uint8 heat, 255 the hottest, all 0 where nothing speaks for pneumonia.

    features, gradients: (rows, columns, channels) of the last feature map, and of the logit by it; shape: (h, w).
    """
    weights = gradients.mean(axis=(0, 1))
    heat = np.maximum(features @ weights, 0)
    if heat.max() > 0:
        heat = heat / heat.max()
    picture = Image.fromarray(heat.astype(np.float32)).resize(shape[::-1], Image.Resampling.BICUBIC)
    return np.rint(255 * np.clip(np.asarray(picture), 0, 1)).astype(np.uint8)


def mean_heat(heats: list[np.ndarray]) -> np.ndarray:
    """(h, w) uint8: the mean of the heat maps of several networks on one film, each (h, w) uint8."""
    return np.rint(np.mean(heats, axis=0)).astype(np.uint8)


def overlay_png(heat: np.ndarray) -> bytes:
    """A PNG to lay over the film: one warm colour, as opaque as the heat map ((h, w) uint8) is hot."""
    colour = np.broadcast_to(np.array(OVERLAY_RGB, dtype=np.uint8), (*heat.shape, 3))
    buffer = io.BytesIO()
    Image.fromarray(np.dstack([colour, heat])).save(buffer, "PNG")
    return buffer.getvalue()
