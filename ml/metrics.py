"""How good are probabilities against labels: figures, each with its interval."""

import numpy as np
from sklearn.metrics import roc_auc_score

Z = 1.959964  # 95 %
BINS = 15  # of the ECE, equal width, as in Guo 2017 (arXiv 1706.04599)
RESAMPLES = 1000


def wilson(hits: int, of: int) -> tuple[float, float]:
    """95 % interval of a rate (Wilson 1927); (0, 1) of nothing."""
    if of == 0:
        return 0.0, 1.0
    rate, z2 = hits / of, Z * Z / of
    middle = (rate + z2 / 2) / (1 + z2)
    half = Z * np.sqrt(rate * (1 - rate) / of + z2 / (4 * of)) / (1 + z2)
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def ece(labels: np.ndarray, p: np.ndarray) -> float:
    """Expected calibration error: mean gap between what p says and what was, weighted by films a bin."""
    bins = np.minimum((p * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, weights=labels - p, minlength=BINS)
    return float(np.abs(gaps).sum() / len(labels))


def auc_interval(labels: np.ndarray, p: np.ndarray, patients: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the AUC by drawing patients, not films, with replacement."""
    _, owner = np.unique(patients, return_inverse=True)
    films = [np.flatnonzero(owner == i) for i in range(owner.max() + 1)]
    rng, found = np.random.default_rng(seed), []
    for _ in range(RESAMPLES):
        drawn = np.concatenate([films[i] for i in rng.integers(0, len(films), len(films))])
        if 0 < labels[drawn].sum() < len(drawn):
            found.append(roc_auc_score(labels[drawn], p[drawn]))
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)


def rates(labels: np.ndarray, called: np.ndarray) -> dict[str, tuple[int, int]]:
    """(hits, of) for each rate of a two-way decision; `called` is True where the film is called pneumonia."""
    sick = labels == 1
    return {
        "accuracy": (int((called == sick).sum()), len(labels)),
        "sensitivity": (int((called & sick).sum()), int(sick.sum())),
        "specificity": (int((~called & ~sick).sum()), int((~sick).sum())),
        "precision": (int((called & sick).sum()), int(called.sum())),
    }


def figures(labels: np.ndarray, p: np.ndarray, patients: np.ndarray, threshold: float, p_own: np.ndarray) -> dict:
    """All figures as plain JSON. p: at the reference prevalence, `threshold` likewise; p_own: at the set's own.

    Brier score and ECE compare p with what was in this set, so they take p at this set's share of pneumonia.
    """
    found: dict = {"auc": float(roc_auc_score(labels, p))}
    intervals = {"auc": auc_interval(labels, p, patients)}
    for name, (hits, of) in rates(labels, p >= threshold).items():
        found[name] = hits / of if of else 0.0
        intervals[name] = wilson(hits, of)
    found["brier"] = float(np.mean((p_own - labels) ** 2))
    found["ece"] = ece(labels, p_own)
    found["intervals"] = {name: [round(end, 4) for end in ends] for name, ends in intervals.items()}
    found = {name: round(value, 4) if isinstance(value, float) else value for name, value in found.items()}
    counts = {"films": len(labels), "patients": len(set(patients)), "pneumonia": int(labels.sum())}
    return found | counts | {"threshold": threshold}
