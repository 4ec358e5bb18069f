import time

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from ml import resample
from tests.ml.judged import some_scored


def scores(count: int = 1000):
    found = some_scored(count)
    return found.labels, np.round(found.logits, 1), found.patients  # rounded: with ties


def test_areas_agree_with_those_of_scikit_learn_ties_and_weights_included():
    labels, p, _ = scores()
    times = np.random.default_rng(1).integers(0, 3, (2, len(p))).astype(float)
    auc, pr_auc, _, _ = resample._curves(labels, p, times)
    for i, weights in enumerate(times):
        assert auc[i] == pytest.approx(roc_auc_score(labels, p, sample_weight=weights))
        assert pr_auc[i] == pytest.approx(average_precision_score(labels, p, sample_weight=weights))


def test_a_thousand_resamples_of_a_thousand_films_take_seconds_at_most():
    labels, p, patients = scores()
    start = time.perf_counter()
    drawn = resample.draw(labels, p, patients)
    assert (len(drawn.auc), drawn.roc.shape) == (1000, (1000, len(resample.GRID)))
    assert time.perf_counter() - start < 60


def test_the_same_seed_draws_the_same_patients():
    a, b = resample.draw(*scores()), resample.draw(*scores())
    assert np.array_equal(a.auc, b.auc)


def test_a_perfect_ranking_goes_along_the_edge():
    roc, pr = resample.curves(np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9]))
    assert (roc == 1).all()
    assert (pr == 1).all()


def test_a_curve_lies_within_its_band():
    labels, p, patients = scores()
    roc, pr = resample.curves(labels, p)
    drawn = resample.draw(labels, p, patients)
    for curve, rows in ((roc, drawn.roc), (pr, drawn.pr)):
        low, high = resample.band(rows)
        assert ((low <= curve + 1e-9) & (curve <= high + 1e-9)).mean() > 0.95


def test_films_of_one_patient_go_together():
    labels, p = np.array([1, 0] * 3), np.array([0.9, 0.1] * 3)
    assert len(resample.draw(labels, p, np.repeat(["a", "b", "c"], 2)).auc) == 1000  # each has both classes
    assert len(resample.draw(labels, p, np.array(["a", "b"] * 3)).auc) < 700  # half of the draws have one alone


def test_precision_at_a_recall_of_zero_is_that_of_the_first_sick_film_found():
    _, pr = resample.curves(np.array([0, 1, 1, 1]), np.array([0.9, 0.8, 0.7, 0.6]))
    assert pr[0] == pr[1] == 0.5
