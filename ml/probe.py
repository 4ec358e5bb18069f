"""A small classifier on what no anatomy tells: how large a film's file is, how it was compressed, how grey it is."""

import io

import numpy as np
from PIL import Image

from ml import data, pixels

FOLDS = 5
PERCENTILES = (1, 5, 25, 50, 75, 95, 99)


def scores(samples: list[data.Sample], tensors: np.ndarray, labels: np.ndarray, patients: np.ndarray) -> dict:
    """{"file": (n,) out-of-fold p, "file_and_grey": (n,)}: each film scored by a probe that never saw its patient."""
    files = np.array([of_file(sample.path.read_bytes()) for sample in samples])
    greys = np.array([of_grey(tensor) for tensor in tensors])
    found = {"file": files, "file_and_grey": np.hstack([files, greys])}
    return {name: out_of_fold(features, labels, patients) for name, features in found.items()}


def of_file(content: bytes) -> list[float]:
    """Width, height, their ratio, bytes, bytes a pixel, colour, and the sum and spread of the JPEG table (0: none)."""
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as picture:
            size, table = picture.size, getattr(picture, "quantization", {}).get(0, [0])
            colour = len(picture.getbands())
    except OSError:  # no picture file, so a DICOM
        size, table, colour = pixels.read(content).pixels.shape[1::-1], [0], 1
    wide, high = size
    return [
        wide,
        high,
        wide / high,
        len(content),
        len(content) / (wide * high),
        colour,
        sum(table),
        float(np.std(table)),
    ]


def of_grey(tensor: np.ndarray) -> list[float]:
    """Mean, spread, percentiles, and the shares of black and white of (side, side) uint8."""
    ends = [float((tensor <= 2).mean()), float((tensor >= 253).mean())]
    return [float(tensor.mean()), float(tensor.std()), *np.percentile(tensor, PERCENTILES).tolist(), *ends]


def out_of_fold(features: np.ndarray, labels: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """(n,) p by boosted trees on (n, k) features, cross-validated by patient; all equal where a class has one."""
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.model_selection import StratifiedGroupKFold

    groups = min(len(set(patients[labels == label].tolist())) for label in (0, 1))
    p = np.full(len(labels), float(labels.mean()))
    if groups < 2:
        return p
    for training, held in StratifiedGroupKFold(min(FOLDS, groups), shuffle=True, random_state=0).split(
        features, labels, patients
    ):
        if len(set(labels[training].tolist())) == 2:
            tree = GradientBoostingClassifier(n_estimators=60, subsample=0.5, min_samples_leaf=5, random_state=0)
            p[held] = tree.fit(features[training], labels[training]).predict_proba(features[held])[:, 1]
    return p
