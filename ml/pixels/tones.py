"""Moving tones between two ends. NumPy alone: a process that writes or reads renditions loads no codec for it."""

import numpy as np

LOW, HIGH = 0.5, 99.5  # percentiles of the stretch: drops markers and collimator edges, keeps the lungs


def stretch(picture: np.ndarray) -> np.ndarray:
    """Linear, so that percentiles 0.5 and 99.5 become 0 and 1; a flat picture becomes 0."""
    low, high = np.percentile(picture, (LOW, HIGH))
    return between(picture, low, high) if high > low else full_range(picture)


def full_range(picture: np.ndarray, padding: np.ndarray | None = None) -> np.ndarray:
    """(h, w) float32 in 0..1: the darkest tone outside the padding becomes 0, the brightest 1."""
    sample = picture if padding is None or padding.all() else picture[~padding]
    return between(picture, float(sample.min()), float(sample.max()))


def between(picture: np.ndarray, low: float, high: float) -> np.ndarray:
    """(h, w) float32: `low` becomes 0, `high` 1, and what lies outside is cut off."""
    shown = picture.astype(np.float32)
    shown -= np.float32(low)  # in place: a large film fills the child's memory
    shown /= np.float32(max(high - low, 1e-6))
    return np.clip(shown, 0, 1, out=shown)
