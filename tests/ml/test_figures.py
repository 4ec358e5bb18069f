"""What a report and a judge ask of scored films."""

import dataclasses

import numpy as np
import pytest

from ml import calibrate, evaluate, metrics
from tests.ml.judged import a_card, some_scored


@pytest.fixture
def card(tmp_path):
    return a_card(tmp_path)


def test_predictive_values_follow_bayes_and_their_ends_the_rates():
    sensitivity = {"value": 0.9, "interval": [0.8, 0.95]}
    specificity = {"value": 0.8, "interval": [0.7, 0.9]}
    row = metrics.predictive_values(sensitivity, specificity)[1]
    assert row["prevalence"] == 0.10
    assert row["ppv"]["value"] == pytest.approx(0.09 / (0.09 + 0.18), abs=1e-4)
    assert row["ppv"]["interval"][0] == pytest.approx(0.08 / (0.08 + 0.27), abs=1e-4)
    assert row["npv"]["value"] == pytest.approx(0.72 / (0.72 + 0.01), abs=1e-4)
    assert row["npv"]["interval"][1] == pytest.approx(0.81 / (0.81 + 0.005), abs=1e-4)


def test_what_was_never_called_has_no_precision_and_every_interval():
    point = metrics.operating_point(np.array([0, 1]), np.array([0.1, 0.2]), 0.5)
    assert point["precision"] == {"value": None, "interval": [0.0, 1.0], "hits": 0, "of": 0}
    assert point["confusion"] == {"true_positive": 0, "false_negative": 1, "true_negative": 1, "false_positive": 0}
    assert metrics.predictive_values(point["sensitivity"], point["specificity"])[0]["ppv"]["value"] is None


def test_reliability_bins_hold_every_film_once():
    found = some_scored()
    p = 1 / (1 + np.exp(-found.logits))
    bins = metrics.reliability(found.labels, p)
    assert sum(each["films"] for each in bins) == len(found)
    gaps = [each["films"] * abs(each["share"]["value"] - each["mean_p"]) for each in bins]
    assert sum(gaps) / len(found) == pytest.approx(metrics.ece(found.labels, p), abs=1e-3)


def test_a_band_says_how_much_of_both_classes_it_holds():
    labels, inside = np.array([1, 1, 0, 0, 0]), np.array([True, False, True, False, False])
    found = metrics.band_values(labels, inside)
    assert (found["films"], found["pneumonia"]["value"], found["other"]["value"]) == (2, 0.5, 0.3333)
    low, high = found["ppv"][2]["ppv"]["interval"]
    assert low < found["ppv"][2]["ppv"]["value"] < high


def test_the_domain_leaves_the_headline_as_it_is(card):
    scored = some_scored()
    gated, free = evaluate.of_scored(card, scored), evaluate.of_scored(dataclasses.replace(card, domain=None), scored)
    assert (gated["auc"], gated["accuracy"]) == (free["auc"], free["accuracy"])
    assert (gated["domain"]["outside"]["hits"], gated["domain"]["outside"]["of"]) == (20, 240)
    assert gated["domain"]["inside"]["films"] == 220
    assert free["domain"] is None


def test_both_operating_points_have_all_rates_with_intervals(card):
    found = evaluate.of_scored(card, some_scored())
    assert found["operating_points"].keys() == {"likely", "uncertain"}
    for point in found["operating_points"].values():
        for rate in ("sensitivity", "specificity", "accuracy", "precision"):
            low, high = point[rate]["interval"]
            assert low < point[rate]["value"] < high
    assert found["operating_points"]["likely"]["accuracy"]["value"] == found["accuracy"]


def test_calibration_is_judged_before_and_after(card):
    hot = dataclasses.replace(some_scored(4000), logits=9 * some_scored(4000).logits)
    temperature, prevalence = calibrate.fit(hot.logits, hot.labels)
    fitted = dataclasses.replace(card, temperature=temperature, calibration_prevalence=prevalence)
    found = evaluate.calibration(fitted, hot)
    assert found["after"]["ece"] < found["before"]["ece"]
    assert found["after"]["brier"] < found["before"]["brier"]


def test_three_classes_are_judged_where_both_model_and_films_know_them(card):
    found = evaluate.of_scored(card, some_scored(three=True))["three_classes"]
    assert found["accuracy"]["of"] == 240
    assert sum(sum(row.values()) for row in found["confusion"].values()) == 240
    assert 0.3 < found["bacterial_or_viral_auc"]["value"] < 0.7
    assert evaluate.of_scored(card, some_scored(three=True, subtypes=None))["three_classes"] is None
