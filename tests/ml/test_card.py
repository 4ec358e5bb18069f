import json

import numpy as np
import pytest

from ml import card
from ml.registry import load_card

CONTENT = {
    "name": "trial",
    "version": "1",
    "architecture": "mobilenetv2",
    "members": [{"architecture": "mobilenetv2", "side": 64}],
    "classes": ["normal", "pneumonia"],
    "input_side": 64,
    "preprocess_version": "1",
    "weights": "trial.weights.h5",
    "weights_sha256": "0" * 64,
    "data": {},
    "split": {},
    "temperature": 2.0,
    "calibration_prevalence": 0.5,
    "calibration": {"before": {"ece": 0.1, "brier": 0.1}, "after": {"ece": 0.01, "brier": 0.05}},
    "operating_points": {"likely": 0.4, "uncertain": 0.1},
    "band_rates": {
        "likely": {"pneumonia": 0.95, "other": 0.1},
        "uncertain": {"pneumonia": 0.04, "other": 0.2},
        "less_likely": {"pneumonia": 0.01, "other": 0.7},
    },
    "ppv_table": {},
    "figures": {"auc": 0.9},
    "domain": {"components": 8, "limit": 1.5, "false_reject": {"value": 0.01, "interval": [0, 0.02], "films": 100}},
    "canary": {"seed": 1, "logit": 0.5, "tolerance": 0.02},
    "age_range": [1, 5],
    "limits": [],
    "credit": "",
    "curves": [],
    "report": "trial.report.html",
}


def saved(tmp_path, **changes):
    return card.save(CONTENT | changes, tmp_path / "trial.json")


def test_a_card_is_read_back_as_it_was_saved(tmp_path):
    written = saved(tmp_path)
    assert card.load(tmp_path / "trial.json") == written


def test_a_logit_of_zero_is_the_reference_prevalence(tmp_path):
    p = saved(tmp_path).calibrate(0.0)
    assert isinstance(p, float)
    assert p == pytest.approx(0.20)


def test_many_logits_are_calibrated_at_once(tmp_path):
    p = saved(tmp_path).calibrate(np.array([-3.0, 0.0, 3.0], dtype=np.float32))
    assert (np.diff(p) > 0).all()


@pytest.mark.parametrize(
    ("p", "band"),
    [
        (1, "likely"),
        (0.4, "likely"),
        (0.39, "uncertain"),
        (0.1, "uncertain"),
        (0.09, "less_likely"),
        (0, "less_likely"),
    ],
)
def test_the_band_follows_the_operating_points(tmp_path, p, band):
    assert saved(tmp_path).band(p) == band


@pytest.mark.parametrize(
    ("age", "within"), [(1, True), (5.9, True), (None, True), (0.9, False), (6, False), (81, False)]
)
def test_ages_outside_the_training_population_are_told(tmp_path, age, within):
    assert saved(tmp_path).covers(age) is within


def test_ppv_depends_on_prevalence_by_bayes(tmp_path):
    found = saved(tmp_path)
    assert found.ppv("likely", 0.10) == pytest.approx(0.095 / (0.095 + 0.09))
    assert found.ppv("likely", 0.05) < found.ppv("likely", 0.30)
    assert found.ppv("less_likely", 0.10) < 0.01


@pytest.mark.parametrize(
    "change",
    [
        {"operating_points": {"likely": 0.1, "uncertain": 0.4}},
        {"operating_points": {"likely": 0.4}},
        {"temperature": 0},
        {"calibration_prevalence": 1},
        {"weights": "../../other.weights.h5"},
        {"weights": "model.keras"},
        {"report": "../trial.report.html"},
        {"members": []},
        {"members": [{"architecture": "mobilenetv2", "side": 96}]},
        {"members": [{"side": 64}]},
        {"classes": ["pneumonia", "normal"]},
        {"domain": {"limit": 1.5}},
        {"domain": {"components": 8, "limit": 0}},
        {"canary": {}},
        {"canary": {"seed": 1, "logit": None, "tolerance": 0.1}},
        {"canary": {"seed": 1, "logit": 0.5, "tolerance": 6}},
        {"temperature": "1"},
        {"band_rates": {"likely": {"pneumonia": 0.9, "other": 0.1}}},
        {"band_rates": {band: {"pneumonia": 0.3} for band in card.BANDS}},
        {"figures": {}},
        {"split": None},
        {"preprocess_version": 1},
        {"age_range": [5, 1]},
        {"age_range": [1]},
        {"age_range": ["1", "5"]},
        {"age_range": "1 to 5"},
        {"operating_points": [0.4, 0.1]},
    ],
)
def test_an_unusable_card_is_refused_and_not_written(tmp_path, change):
    with pytest.raises(card.CardError, match="trial"):
        saved(tmp_path, **change)
    assert not list(tmp_path.iterdir())


def test_a_card_without_calibration_says_what_is_missing(tmp_path):
    (tmp_path / "x.json").write_text(
        json.dumps({k: v for k, v in CONTENT.items() if k != "temperature"} | {"schema": 2})
    )
    with pytest.raises(card.CardError, match="temperature missing"):
        card.load(tmp_path / "x.json")


def test_a_card_of_schema_1_says_how_to_make_it_anew(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(CONTENT))
    with pytest.raises(card.CardError, match=r"schema 1.*reads schema 2.*ml merge RUN"):
        card.load(tmp_path / "x.json")


def test_a_card_of_a_later_schema_asks_for_an_update(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(CONTENT | {"schema": 3}))
    with pytest.raises(card.CardError, match=r"schema 3.*update FirstRead"):
        card.load(tmp_path / "x.json")


def test_a_card_that_is_cut_off_says_to_copy_it_anew(tmp_path):
    saved(tmp_path)
    text = (tmp_path / "trial.json").read_text()
    (tmp_path / "trial.json").write_text(text[: len(text) // 2])
    with pytest.raises(card.CardError, match="Copy it anew"):
        card.load(tmp_path / "trial.json")


@pytest.mark.parametrize(
    ("distance", "within"), [(0.9, True), (1.5, True), (1.51, False), (float("nan"), False), (None, False)]
)
def test_a_film_too_far_from_those_known_is_outside(tmp_path, distance, within):
    assert saved(tmp_path).in_domain(distance) is within


@pytest.mark.parametrize("distance", [99.0, float("nan"), None])
def test_a_card_without_a_domain_puts_nothing_outside(tmp_path, distance):
    assert saved(tmp_path, domain=None).in_domain(distance)


@pytest.mark.parametrize("content", ["", "[1]", "\x00"])
def test_what_is_no_card_is_refused(tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(card.CardError, match="model card"):
        card.load(tmp_path / "x.json")


def test_the_shipped_card_states_its_ages_limits_and_credit():
    found = load_card("default")
    assert found.age_range == [1, 5]
    assert any("adults" in limit for limit in found.limits)
    assert "Kermany" in found.credit
    assert "CC BY 4.0" in found.credit


def test_the_shipped_card_holds_its_promise_on_sensitivity():
    figures = load_card("default").figures
    assert figures["intervals"]["sensitivity"][0] >= 0.95
    assert figures["at_uncertain"]["sensitivity"]["value"] >= 0.98


def test_the_shipped_card_shows_ppv_at_four_prevalences():
    found = load_card("default")
    for band, row in found.ppv_table.items():
        assert list(row) == ["0.05", "0.10", "0.20", "0.30"]
        assert row["0.10"] == pytest.approx(found.ppv(band, 0.10), abs=1e-4)
