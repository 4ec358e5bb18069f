import numpy as np
import pytest
from scipy.special import expit

from ml import calibrate

RNG = np.random.default_rng(0)


def test_a_known_temperature_and_prevalence_are_found():
    true = RNG.normal(0.4, 2.0, 40_000)
    labels = (RNG.random(true.size) < expit(true)).astype(int)
    shown = 2.5 * (true - 0.4)  # the network is too sure by 2.5, and holds for odds lower by e^0.4
    temperature, prevalence = calibrate.fit(shown, labels)
    own = labels.mean()
    assert temperature == pytest.approx(2.5, rel=0.05)
    assert calibrate.probability(shown, temperature, prevalence, own) == pytest.approx(expit(true), abs=0.02)


def test_probability_shifts_from_one_prevalence_to_another():
    assert calibrate.probability(0.0, 1.0, 0.5) == pytest.approx(0.20)
    assert calibrate.probability(0.0, 1.0, 0.2) == pytest.approx(0.5)


def test_a_shift_and_its_way_back_change_nothing():
    p = np.array([0.001, 0.3, 0.999])
    assert calibrate.shift(calibrate.shift(p, to=0.6), to=0.2, since=0.6) == pytest.approx(p)


def test_certainty_stays_finite():
    assert np.isfinite(calibrate.shift(np.array([0.0, 1.0]), to=0.5)).all()
