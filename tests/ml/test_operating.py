import numpy as np
import pytest

from ml import data, metrics, operating

RNG = np.random.default_rng(3)
LABELS = np.repeat([1, 0], [400, 200])
P = np.concatenate([RNG.beta(6, 2, 400), RNG.beta(2, 6, 200)])


def hits(threshold: float) -> int:
    return int((P[LABELS == 1] >= threshold).sum())


def test_likely_is_the_highest_threshold_whose_sensitivity_is_surely_reached():
    likely, _ = operating.operating_points(P, LABELS)
    assert metrics.wilson(hits(likely), 400)[0] >= 0.95
    next_up = np.sort(P[(LABELS == 1) & (likely <= P)])[1]
    assert metrics.wilson(hits(next_up), 400)[0] < 0.95


def test_less_likely_ends_where_two_in_a_hundred_are_missed():
    _, uncertain = operating.operating_points(P, LABELS)
    assert hits(uncertain) == 392


@pytest.mark.parametrize("count", [120, 150, 600, 5000])
def test_the_points_are_ordered_whatever_the_size_of_validation(count):
    labels = np.repeat([1, 0], [count, 50])
    p = np.concatenate([RNG.beta(6, 2, count), RNG.beta(2, 6, 50)])
    likely, uncertain = operating.operating_points(p, labels)
    assert 0 < uncertain < likely < 1


def test_a_validation_too_small_to_show_the_sensitivity_is_refused():
    with pytest.raises(data.DataError, match="too few"):
        operating.operating_points(P[380:420], LABELS[380:420])


def test_band_rates_sum_to_one_and_none_is_impossible():
    rates = operating.band_rates(P, LABELS, likely=0.99999, uncertain=0.3)
    assert sum(row["pneumonia"] for row in rates.values()) == pytest.approx(1, abs=1e-5)
    assert sum(row["other"] for row in rates.values()) == pytest.approx(1, abs=1e-5)
    assert min(min(row.values()) for row in rates.values()) > 0


def test_one_patient_of_a_class_is_refused():
    patients = np.array([f"p{i}" for i in range(400)] + ["other"] * 200)
    with pytest.raises(data.DataError, match="too few patients"):
        operating.judge(np.log(P / (1 - P)), LABELS, patients)


def test_a_model_that_says_the_same_of_every_film_is_refused():
    with pytest.raises(data.DataError, match="has not learned"):
        operating.operating_points(np.full(600, 0.4), LABELS)
