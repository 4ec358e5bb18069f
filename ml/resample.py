"""How far AUC, ROC and precision-recall curve would move with other patients: the bootstrap, drawn by patient.

A patient's films go in or out together (Efron and Tibshirani 1993, chapter 8: resample the independent units). A
resample is a weight a film, so that all of them are sums over one sorted list of scores.
"""

from dataclasses import dataclass

import numpy as np

RESAMPLES = 1000
CHUNK = 100  # resamples at a time: memory stays at some ten arrays of CHUNK x films
GRID = np.linspace(0, 1, 201)


@dataclass(frozen=True)
class Resampled:
    """One value, or one curve, a resample; r resamples that hold both classes."""

    auc: np.ndarray  # (r,)
    pr_auc: np.ndarray  # (r,) average precision
    roc: np.ndarray  # (r, 201) sensitivity at each false-positive rate of GRID
    pr: np.ndarray  # (r, 201) precision at each recall of GRID


def draw(labels: np.ndarray, p: np.ndarray, patients: np.ndarray, seed: int = 0) -> Resampled:
    """RESAMPLES times as many patients as there are, with replacement. labels (n,) 0/1, p (n,), patients (n,)."""
    _, owner = np.unique(patients, return_inverse=True)
    count = owner.max() + 1
    rng, parts = np.random.default_rng(seed), []
    for _ in range(RESAMPLES // CHUNK):
        times = rng.multinomial(count, np.full(count, 1 / count), CHUNK)
        parts.append(_curves(labels, p, times[:, owner].astype(np.float64)))
    return Resampled(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def curves(labels: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """((201,) sensitivity at each false-positive rate of GRID, (201,) precision at each recall of GRID)."""
    _, _, roc, pr = _curves(labels, p, np.ones((1, len(p))))
    return roc[0], pr[0]


def interval(values: np.ndarray) -> tuple[float, float]:
    """The middle 95 % of (r,) values; (0, 1) of none."""
    if not len(values):
        return 0.0, 1.0
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)


def band(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middle 95 % of (r, points) curves, point by point: (low, high), each (points,)."""
    low, high = np.percentile(rows, (2.5, 97.5), axis=0)
    return low, high


def _curves(labels, p, weights) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """weights: (r, n) of each film in each resample. Rows without one of the classes are left out."""
    weights = weights[(weights[:, labels == 1].sum(1) > 0) & (weights[:, labels == 0].sum(1) > 0)]
    order = np.argsort(-p, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(p[order]) != 0, True))  # equal scores pass the threshold together
    sick, other = labels[order] == 1, labels[order] == 0
    hits = np.cumsum(weights[:, order] * sick, axis=1)[:, ends]
    false = np.cumsum(weights[:, order] * other, axis=1)[:, ends]
    recall, fall_out = _from_zero(hits / hits[:, -1:]), _from_zero(false / false[:, -1:])
    precision = hits / np.maximum(hits + false, 1e-12)
    auc = (np.diff(fall_out, axis=1) * (recall[:, 1:] + recall[:, :-1]) / 2).sum(1)  # trapezium
    pr_auc = (np.diff(recall, axis=1) * precision).sum(1)  # steps: average precision, no optimistic interpolation
    roc = [_highest_at(x, y) for x, y in zip(fall_out, recall, strict=True)]
    pr = [_reached(x, y) for x, y in zip(recall[:, 1:], precision, strict=True)]
    return auc, pr_auc, np.reshape(roc, (-1, len(GRID))), np.reshape(pr, (-1, len(GRID)))


def _from_zero(rows: np.ndarray) -> np.ndarray:
    return np.pad(rows, ((0, 0), (1, 0)))


def _highest_at(fall_out: np.ndarray, recall: np.ndarray) -> np.ndarray:
    """Sensitivity at each false-positive rate of GRID, between two points on the line that joins them."""
    last = np.searchsorted(fall_out, GRID, side="right") - 1  # the highest point of a vertical rise
    after = np.minimum(last + 1, len(fall_out) - 1)
    step = fall_out[after] - fall_out[last]
    share = np.divide(GRID - fall_out[last], step, out=np.zeros_like(GRID), where=step > 0)
    return recall[last] + share * (recall[after] - recall[last])


def _reached(recall: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Precision at the first threshold whose recall reaches each recall of GRID; at 0 that of the first film found."""
    return precision[np.minimum(np.searchsorted(recall, np.maximum(GRID, 1e-9) - 1e-12), len(recall) - 1)]
