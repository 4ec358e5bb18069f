"""From validation logits to what a card says of a model: calibration, operating points, bands, figures."""

import numpy as np
from scipy.special import expit

from ml import calibrate, metrics
from ml.card import BANDS, PREVALENCES, share_with_pneumonia
from ml.data import DataError

SENSITIVITY_BOUND = 0.95  # "likely": the lower 95 % bound of sensitivity stays at or above this
SENSITIVITY_LOW = 0.98  # below the second point, at most 2 % of the pneumonias of validation


def judge(logits: np.ndarray, labels: np.ndarray, patients: np.ndarray) -> dict:
    """The fields of a card that follow from films the networks have not learned from, all (n,); raises DataError."""
    temperature, prevalence = calibrate.fit(logits, labels)
    p = calibrate.probability(logits, temperature, prevalence)
    likely, uncertain = operating_points(p, labels)
    rates = band_rates(p, labels, likely, uncertain)
    own = calibrate.shift(p, to=float(labels.mean()))
    figures = metrics.figures(labels, p, patients, likely, own) | {"prevalence": round(float(labels.mean()), 4)}
    return {
        "temperature": temperature,
        "calibration_prevalence": prevalence,
        "calibration": calibration(logits, labels, patients, own),
        "operating_points": {"likely": likely, "uncertain": uncertain},
        "band_rates": rates,
        "ppv_table": _ppv_table(rates),
        "figures": figures | {"at_uncertain": _rates(labels, p >= uncertain)},
    }


def calibration(logits: np.ndarray, labels: np.ndarray, patients: np.ndarray, own: np.ndarray) -> dict:
    """{"before", "after", "held_out": {"ece", "brier"}}: uncalibrated, as shipped, and with no film fitting itself.

    own: p as shipped, at these films' own share of pneumonia. "held_out": each half of the patients under the
    calibration of the other.
    """
    ways = {"before": expit(logits), "after": own, "held_out": _crossed(logits, labels, patients)}
    return {way: _quality(labels, p) for way, p in ways.items()}


def _quality(labels: np.ndarray, p: np.ndarray) -> dict:
    return {"ece": round(metrics.ece(labels, p), 4), "brier": round(float(np.mean((p - labels) ** 2)), 4)}


def _crossed(logits: np.ndarray, labels: np.ndarray, patients: np.ndarray, seed: int = 0) -> np.ndarray:
    owners = np.random.default_rng(seed).permutation(np.unique(patients))
    first, p = np.isin(patients, owners[: len(owners) // 2]), np.zeros(len(logits))
    for judged in (first, ~first):
        if len(set(labels[~judged].tolist())) < 2:
            raise DataError(
                "The films with pneumonia, or those without, are of too few patients to calibrate on: bring films of "
                "20 patients or more of each."
            )
        fitted = calibrate.fit(logits[~judged], labels[~judged])
        p[judged] = calibrate.probability(logits[judged], *fitted, prevalence=float(labels[~judged].mean()))
    return p


def _rates(labels: np.ndarray, called: np.ndarray) -> dict:
    return {
        name: {"value": round(hits / of, 4), "interval": [round(end, 4) for end in metrics.wilson(hits, of)]}
        for name, (hits, of) in metrics.rates(labels, called).items()
    }


def operating_points(p: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """(likely, uncertain): thresholds on p, uncertain < likely; raises DataError where validation is too small."""
    sick = np.sort(p[labels == 1])
    reach = [len(sick) - i for i in range(len(sick))]  # how many are called at a threshold of sick[i]
    sure = [i for i, hits in enumerate(reach) if metrics.wilson(hits, len(sick))[0] >= SENSITIVITY_BOUND]
    low = [i for i, hits in enumerate(reach) if hits / len(sick) >= SENSITIVITY_LOW]
    if not sure or sure[-1] == 0:
        raise DataError(
            f"{len(sick)} films with pneumonia are too few to show a sensitivity of {SENSITIVITY_BOUND}: bring 110 or "
            "more, of patients that the model has not learned from."
        )
    # with few films "likely" reaches further down than 0.98 asks: the second point then goes one film lower
    likely, uncertain = sure[-1], min(low[-1], sure[-1] - 1)
    points = _just_below(sick[likely], p), _just_below(sick[uncertain], p)
    if not points[1] < points[0]:
        raise DataError("The model gives many films one and the same score: it has not learned. Train it for longer.")
    return points


def _just_below(value: float, p: np.ndarray) -> float:
    """Half-way to the next lower score, so that rounding on another machine moves no film over the threshold."""
    lower = p[p < value]
    return float((value + (lower.max() if len(lower) else 0.0)) / 2)


def band_rates(p: np.ndarray, labels: np.ndarray, likely: float, uncertain: float) -> dict:
    """Each band's share of the films with and without pneumonia; half a film added, so that no band is impossible."""
    band = np.where(p >= likely, 0, np.where(p >= uncertain, 1, 2))

    def share(label: int, index: int) -> float:
        return round(float(((band[labels == label] == index).sum() + 0.5) / ((labels == label).sum() + 1.5)), 6)

    return {name: {"pneumonia": share(1, i), "other": share(0, i)} for i, name in enumerate(BANDS)}


def _ppv_table(rates: dict) -> dict:
    return {
        band: {
            f"{prevalence:.2f}": round(share_with_pneumonia(rates[band], prevalence), 4) for prevalence in PREVALENCES
        }
        for band in BANDS
    }
