"""From a logit to a probability that means what it says, at a stated share of pneumonia."""

import numpy as np
from scipy.special import expit, logit

REFERENCE_PREVALENCE = 0.20  # every p that is stored or ordered by holds for this share of pneumonia


def fit(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """(temperature, calibration prevalence) by maximum likelihood on films the network has not learned from.

    sigmoid(logit / temperature) is then right where pneumonia has the calibration prevalence. It is fitted and not
    counted, because class weights moved the network to a prevalence of its own, near one half. Labels are taken as
    almost sure, as in Platt 1999: films that are told apart without a miss would else make every p 0 or 1.
    """
    from scipy.optimize import minimize  # here: it would cost every process a quarter of a second at its start

    sick = np.sum(labels == 1)
    wanted = np.where(labels == 1, (sick + 1) / (sick + 2), 1 / (len(labels) - sick + 2))

    def loss(parameters: np.ndarray) -> float:
        shown = logits * np.exp(-parameters[0]) + parameters[1]
        return float(np.mean(wanted * np.logaddexp(0, -shown) + (1 - wanted) * np.logaddexp(0, shown)))

    log_temperature, bias = minimize(loss, (0.0, 0.0), method="Nelder-Mead").x
    return float(np.exp(log_temperature)), float(expit(logit(np.mean(labels)) - bias))


def probability(logits, temperature: float, calibration_prevalence: float, prevalence: float = REFERENCE_PREVALENCE):
    """p in 0..1 at `prevalence`, for one logit or an array."""
    odds_shift = logit(prevalence) - logit(calibration_prevalence)
    return expit(np.asarray(logits, dtype=np.float64) / temperature + odds_shift)


def shift(p, to: float, since: float = REFERENCE_PREVALENCE):
    """p that held at prevalence `since`, at prevalence `to` (both within 0..1, ends excluded)."""
    return expit(logit(np.clip(p, 1e-12, 1 - 1e-12)) + logit(to) - logit(since))
