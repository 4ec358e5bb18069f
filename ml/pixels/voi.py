"""Values of interest: the window or LUT that turns stored depth into what a reader sees (PS3.3, C.11.2)."""

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels import apply_voi

from ml.pixels import tags, tones

SATURATED = 0.99  # a window that leaves less than 1 % of the picture between black and white is a wrong one


def window(dataset: Dataset) -> tuple[float, float] | None:
    """(centre, width) of the first window in the file's units; None where absent or narrower than 1."""
    centre, width = tags.number(dataset, "WindowCenter"), tags.number(dataset, "WindowWidth")
    return None if centre is None or width is None or width < 1 else (centre, width)


def apply(dataset: Dataset, values, pixels, window, padding) -> np.ndarray:
    """(h, w) float in 0..1, before any inversion: VOI LUT, else the window, else the full range.

    The full range, since `model_grey` stretches by percentiles what comes of it: a film then looks to the model the
    same as a JPEG of it.

    values: after the modality LUT; pixels, window: the same shifted to start at 0; padding: mask or None.
    """
    shown = _by_lut(dataset, values)
    if shown is None and window:
        shown = by_window(pixels, *window, tags.text(dataset, "VOILUTFunction").upper())
    if shown is None or _is_saturated(shown):
        shown = tones.full_range(pixels, padding)
    return shown


def by_window(pixels: np.ndarray, centre: float, width: float, function: str = "LINEAR") -> np.ndarray:
    """The window as PS3.3 C.11.2.1.2 and C.11.2.1.3 write it, to 0..1."""
    if function == "SIGMOID":
        return 1 / (1 + np.exp(np.clip(-4 * (pixels.astype(np.float32) - centre) / width, -50, 50)))
    if function == "LINEAR_EXACT":
        return tones.between(pixels, centre - width / 2, centre + width / 2)
    low = centre - 0.5 - (width - 1) / 2
    return tones.between(pixels, low, low + width - 1)


def _by_lut(dataset: Dataset, values: np.ndarray) -> np.ndarray | None:
    try:
        sequence = dataset.get("VOILUTSequence")
        if not sequence:
            return None
        shown = apply_voi(np.rint(values).astype(np.int32), dataset, index=0)
        bits = int(sequence[0].LUTDescriptor[2])
    except Exception:  # a broken table: the window or the percentiles serve
        return None
    return np.clip(shown / (2.0**bits - 1), 0, 1)


def _is_saturated(shown: np.ndarray) -> bool:
    return float(np.mean((shown <= 0) | (shown >= 1))) > SATURATED
