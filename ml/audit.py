"""Shortcut audit: what the classes give away where no lung is seen.

A model that has learned the disease is at a loss (AUC near 0.5) on films without their lungs, and on their borders
alone. What size, compression and grey levels tell by themselves is a property of the films: those of the two classes
were collected separately, so a probe on them alone may reach a high AUC, and the model may have learned it too.
"""

import numpy as np
from sklearn.metrics import roc_auc_score

from ml import data, metrics, probe

LUNGS = ((0.30, 0.50), (0.70, 0.50))  # centres (x, y) of two ellipses, in shares of the film
REACH = (0.24, 0.42)  # their half width and half height
FRAME = 0.12  # width of the outer frame, in shares of the side
FAR = 0.15  # a row is red where it lies further than this from 0.5, and surely off it
GEOMETRY = (
    f"Lungs masked: two ellipses, centred at {LUNGS[0][0]:.2f} and {LUNGS[1][0]:.2f} of the width and "
    f"{LUNGS[0][1]:.2f} of the height, {2 * REACH[0]:.2f} wide and {2 * REACH[1]:.2f} high. Border only: the outer "
    f"{FRAME:.2f} of each side. What is hidden is filled with the mean grey of what is left of that film."
)
SAYS = (
    "Films of the two classes can differ by where they come from; those that the shipped model learned from were "
    "collected separately. What size, JPEG data and grey levels tell is a property of the data, what is told without "
    "the lungs is one of the model. 0.5 is chance."
)


def audit(model, samples: list[data.Sample], tensors: np.ndarray | None = None) -> dict:
    """The audit as plain JSON, for `card.audit`: rows of what is seen, the AUC by it with its interval, a verdict.

    model: a runtime's, or anything whose predict(batch) gives ml.runtime.Answers. tensors: (n, side, side) uint8 of
    the samples, rendered here (at model.card.input_side) where None. Raises data.DataError.
    """
    if tensors is None:
        tensors, samples, _ = data.render(samples, model.card.input_side)
    labels = np.array([sample.label for sample in samples])
    patients = np.array([sample.patient for sample in samples])
    if len(set(labels.tolist())) < len(data.CLASSES):
        raise data.DataError("After leaving out what could not be read, one class has no film.")
    seen = {
        "model": _logits(model, tensors),
        "lungs_masked": _logits(model, without_lungs(tensors)),
        "border_only": _logits(model, border_only(tensors)),
        **probe.scores(samples, tensors, labels, patients),
    }
    rows = [_row(key, scores, labels, patients) for key, scores in seen.items()]
    counts = {"films": len(labels), "patients": len(set(patients.tolist()))}
    return counts | {"says": SAYS, "geometry": GEOMETRY, "rows": rows}


NAMES = {
    "model": "the model on whole films",
    "lungs_masked": "the model on films without their lungs",
    "border_only": "the model on the borders alone",
    "file": "a probe on size, bytes and JPEG table alone",
    "file_and_grey": "a probe on these and grey statistics",
}


def _row(key: str, scores: np.ndarray, labels: np.ndarray, patients: np.ndarray) -> dict:
    ends = metrics.auc_interval(labels, scores, patients)
    auc = {"value": round(float(roc_auc_score(labels, scores)), 4), "interval": [round(end, 4) for end in ends]}
    return {"key": key, "name": NAMES[key], "auc": auc, "red": _red(key, auc), "verdict": _verdict(key, auc)}


def _red(key: str, auc: dict) -> bool:
    low, high = auc["interval"]
    return key != "model" and abs(auc["value"] - 0.5) > FAR and not low <= 0.5 <= high


def _verdict(key: str, auc: dict) -> str:
    low, high = auc["interval"]
    if key == "model":
        return "What the rows below are to be held against."
    if low <= 0.5 <= high:
        return "Not told from chance."
    of_model = key in ("lungs_masked", "border_only")
    if not _red(key, auc):
        return f"Off chance, not far: a little is told {'from outside the lungs' if of_model else 'without anatomy'}."
    if of_model:
        return "Far from chance: the model takes part of its answer from outside the lungs."
    return "Far from chance: the data give the class away without any anatomy, a shortcut to learn."


def _logits(model, tensors: np.ndarray, chunk: int = 32) -> np.ndarray:
    return np.concatenate([model.predict(tensors[i : i + chunk]).logits for i in range(0, len(tensors), chunk)])


def without_lungs(tensors: np.ndarray) -> np.ndarray:
    """(n, side, side) uint8 -> the same films, two ellipses over the lungs filled."""
    side = tensors.shape[1]
    y, x = (np.mgrid[:side, :side] + 0.5) / side
    hidden = np.zeros((side, side), dtype=bool)
    for centre in LUNGS:
        hidden |= ((x - centre[0]) / REACH[0]) ** 2 + ((y - centre[1]) / REACH[1]) ** 2 <= 1
    return _filled(tensors, hidden)


def border_only(tensors: np.ndarray) -> np.ndarray:
    """(n, side, side) uint8 -> the same films, all but the outer frame filled."""
    side = tensors.shape[1]
    width = max(1, round(FRAME * side))
    hidden = np.ones((side, side), dtype=bool)
    hidden[:width] = hidden[-width:] = hidden[:, :width] = hidden[:, -width:] = False
    return _filled(tensors, hidden)


def _filled(tensors: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """The mean is of what is left: the film's own mean would let the grey of the lungs through."""
    filled = tensors.copy()
    means = tensors[:, ~hidden].mean(axis=1).round().astype(np.uint8)
    filled[:, hidden] = means[:, None]
    return filled
