import numpy as np
import pytest

from ml import metrics


def test_wilson_agrees_with_published_values():
    assert metrics.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=2e-4)  # Newcombe 1998, Statist. Med. 17:857
    assert metrics.wilson(0, 20) == pytest.approx((0, 0.1611), abs=2e-4)


def test_wilson_of_nothing_is_everything():
    assert metrics.wilson(0, 0) == (0.0, 1.0)


def test_ece_is_zero_where_p_says_what_was_and_the_gap_where_it_does_not():
    labels = np.array([1, 0, 0, 0] * 100)
    assert metrics.ece(labels, np.full(400, 0.25)) == pytest.approx(0)
    assert metrics.ece(labels, np.full(400, 0.75)) == pytest.approx(0.5)
    assert metrics.ece(np.array([1, 1]), np.array([1.0, 1.0])) == 0


def test_figures_count_at_the_threshold():
    labels, p = np.array([1, 1, 1, 0, 0]), np.array([0.9, 0.5, 0.4, 0.5, 0.1])
    found = metrics.figures(labels, p, np.array(list("abcde")), 0.5, p)
    assert (found["sensitivity"], found["specificity"], found["precision"]) == (0.6667, 0.5, 0.6667)
    assert (found["accuracy"], found["films"], found["pneumonia"]) == (0.6, 5, 3)
    assert found["auc"] == pytest.approx(0.75)


def test_films_of_one_patient_widen_the_interval():
    rng = np.random.default_rng(1)
    labels = np.repeat(rng.integers(0, 2, 40), 5)
    p = np.repeat(np.clip(0.3 * labels[::5] + rng.normal(0.4, 0.2, 40), 0, 1), 5)
    by_patient = metrics.auc_interval(labels, p, np.repeat(np.arange(40), 5))
    by_film = metrics.auc_interval(labels, p, np.arange(200))
    assert by_patient[1] - by_patient[0] > 1.5 * (by_film[1] - by_film[0])
