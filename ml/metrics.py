"""How good are probabilities against labels: figures, each with its interval. labels: (n,) 0 or 1; p: (n,) 0..1."""

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from ml import resample
from ml.card import PREVALENCES, share_with_pneumonia
from ml.intervals import wilson

BINS = 15  # of the ECE, equal width, as in Guo 2017 (arXiv 1706.04599)


def rate(hits: int, of: int) -> dict:
    """A rate as plain JSON: value, Wilson interval, hits, of; the value of nothing is None."""
    low, high = wilson(hits, of)
    return {
        "value": round(hits / of, 4) if of else None,
        "interval": [round(low, 4), round(high, 4)],
        "hits": int(hits),
        "of": int(of),
    }


def ece(labels: np.ndarray, p: np.ndarray) -> float:
    """Expected calibration error: mean gap between what p says and what was, weighted by films a bin."""
    gaps = np.bincount(_bin(p), weights=labels - p, minlength=BINS)
    return float(np.abs(gaps).sum() / len(labels))


def brier(labels: np.ndarray, p: np.ndarray) -> float:
    """Mean squared gap between p and what was (Brier 1950)."""
    return float(np.mean((p - labels) ** 2))


def reliability(labels: np.ndarray, p: np.ndarray) -> list[dict]:
    """For each of the ECE's bins that holds films: from, to, films, the mean p, and the share with pneumonia."""
    index, found = _bin(p), []
    for i in np.unique(index):
        inside = index == i
        share = rate(int(labels[inside].sum()), int(inside.sum()))
        edges = {"from": round(i / BINS, 4), "to": round((i + 1) / BINS, 4)}
        found.append(edges | {"films": share["of"], "mean_p": round(float(p[inside].mean()), 4), "share": share})
    return found


def _bin(p: np.ndarray) -> np.ndarray:
    return np.minimum((p * BINS).astype(int), BINS - 1)


def auc_interval(labels: np.ndarray, p: np.ndarray, patients: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the AUC by drawing patients, not films, with replacement."""
    return resample.interval(resample.draw(labels, p, patients, seed).auc)


def rates(labels: np.ndarray, called: np.ndarray) -> dict[str, tuple[int, int]]:
    """(hits, of) for each rate of a two-way decision; `called` is True where the film is called pneumonia."""
    sick = labels == 1
    return {
        "accuracy": (int((called == sick).sum()), len(labels)),
        "sensitivity": (int((called & sick).sum()), int(sick.sum())),
        "specificity": (int((~called & ~sick).sum()), int((~sick).sum())),
        "precision": (int((called & sick).sum()), int(called.sum())),
    }


def confusion(labels: np.ndarray, called: np.ndarray) -> dict[str, int]:
    """How many films were right and wrong, each way."""
    found = rates(labels, called)
    hits, sick = found["sensitivity"]
    passed, other = found["specificity"]
    return {
        "true_positive": hits,
        "false_negative": sick - hits,
        "true_negative": passed,
        "false_positive": other - passed,
    }


def operating_point(labels: np.ndarray, p: np.ndarray, threshold: float) -> dict:
    """Threshold, confusion, and each rate with its interval; a film is called pneumonia from p = threshold up."""
    called = p >= threshold
    found = {name: rate(*counts) for name, counts in rates(labels, called).items()}
    return {"threshold": threshold, "confusion": confusion(labels, called)} | found


def predictive_values(sensitivity: dict, specificity: dict) -> list[dict]:
    """PPV and NPV at PREVALENCES, by Bayes from two rates as `rate` gives them.

    Their intervals: Bayes with both rates at their lower 95 % ends, then with both at their upper ends. Both values
    rise with both rates, so these are the extremes over the rectangle of the two intervals; it is conservative
    (wider than 95 %), and holds for the films at hand, whose prevalence does not enter.
    """
    ends = [(sensitivity["value"], specificity["value"])]
    ends += list(zip(sensitivity["interval"], specificity["interval"], strict=True))
    found = []
    for prevalence in PREVALENCES:
        ppv = [_bayes(se, 1 - sp, prevalence) for se, sp in ends]
        npv = [_bayes(sp, 1 - se, 1 - prevalence) for se, sp in ends]
        found.append({"prevalence": prevalence, "ppv": _with_interval(ppv), "npv": _with_interval(npv)})
    return found


def band_values(labels: np.ndarray, inside: np.ndarray) -> dict:
    """How many films a band holds, its shares of both classes, and the share with pneumonia in it at PREVALENCES.

    `inside` is True where the film is in the band. The ends of the interval are Bayes at the lower end of the share
    of pneumonias with the upper end of the share of others, and the other way round: conservative, as above.
    """
    sick = rate(int((inside & (labels == 1)).sum()), int((labels == 1).sum()))
    other = rate(int((inside & (labels == 0)).sum()), int((labels == 0).sum()))
    pairs = [(sick["value"], other["value"])]
    pairs += [(sick["interval"][i], other["interval"][1 - i]) for i in (0, 1)]
    ppv = [
        {"prevalence": prevalence, "ppv": _with_interval([_bayes(a, b, prevalence) for a, b in pairs])}
        for prevalence in PREVALENCES
    ]
    return {"films": int(inside.sum()), "pneumonia": sick, "other": other, "ppv": ppv}


def _bayes(sick: float, other: float, prevalence: float) -> float | None:
    """The share with pneumonia among films that are `sick` of the pneumonias and `other` of the others."""
    return share_with_pneumonia({"pneumonia": sick, "other": other}, prevalence) if sick + other else None


def _with_interval(values: list[float | None]) -> dict:
    """values: the value, then its lower and its upper end; an end of nothing is the end of what is possible."""
    value, low, high = values
    return {
        "value": None if value is None else round(value, 4),
        "interval": [round(0.0 if low is None else low, 4), round(1.0 if high is None else high, 4)],
    }


def figures(labels: np.ndarray, p: np.ndarray, patients: np.ndarray, threshold: float, p_own: np.ndarray) -> dict:
    """All figures as plain JSON. p: at the reference prevalence, `threshold` likewise; p_own: at the set's own.

    AUC and the average precision (pr_auc, which depends on the set's own prevalence) have intervals by patient.
    Brier score and ECE compare p with what was in this set, so they take p at this set's share of pneumonia.
    """
    drawn = resample.draw(labels, p, patients)
    found: dict = {"auc": float(roc_auc_score(labels, p)), "pr_auc": float(average_precision_score(labels, p))}
    intervals = {"auc": resample.interval(drawn.auc), "pr_auc": resample.interval(drawn.pr_auc)}
    for name, (hits, of) in rates(labels, p >= threshold).items():
        found[name] = hits / of if of else 0.0
        intervals[name] = wilson(hits, of)
    found |= {"brier": brier(labels, p_own), "ece": ece(labels, p_own)}
    found["intervals"] = {name: [round(end, 4) for end in ends] for name, ends in intervals.items()}
    found = {name: round(value, 4) if isinstance(value, float) else value for name, value in found.items()}
    counts = {"films": len(labels), "patients": len(set(patients)), "pneumonia": int(labels.sum())}
    return found | counts | {"threshold": threshold}
