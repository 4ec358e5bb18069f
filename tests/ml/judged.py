"""A card, a model and scored films for the tests of what judges them: no network, no file."""

import dataclasses

import numpy as np

from ml import card, preprocess
from ml.card import Card
from ml.evaluate import Scored
from ml.runtime import Answers

SIDE = 16
FIGURES = {"auc": 0.95, "accuracy": 0.9, "sensitivity": 0.95, "specificity": 0.8, "precision": 0.9, "ece": 0.02}


def a_card(tmp_path, **changes) -> Card:
    """Complete, and its p is sigmoid(logit) at 20 %; it would lie in tmp_path."""
    content = {
        "schema": card.SCHEMA,
        "name": "trial",
        "version": "3",
        "architecture": "cnn156",
        "members": [{"architecture": "cnn156", "side": SIDE}],
        "classes": ["normal", "pneumonia"],
        "input_side": SIDE,
        "preprocess_version": preprocess.PREPROCESS_VERSION,
        "weights": "trial.weights.h5",
        "weights_sha256": "0" * 64,
        "data": {"name": "drawn <films>", "manifest_sha256": "0" * 64, "films": 300},
        "split": {"by": "patient", "seed": 1, "fraction": 0.2}
        | {side: {"films": 100, "patients": 50, "pneumonia": 60} for side in ("training", "validation")},
        "temperature": 1.0,
        "calibration_prevalence": 0.2,
        "calibration": {"before": {"ece": 0.1, "brier": 0.1}, "after": {"ece": 0.02, "brier": 0.05}},
        "operating_points": {"likely": 0.5, "uncertain": 0.2},
        "band_rates": {band: {"pneumonia": 0.3, "other": 0.3} for band in card.BANDS},
        "ppv_table": {},
        "figures": FIGURES
        | {"films": 100, "patients": 50, "intervals": {name: [0.8, 0.99] for name in FIGURES if name != "ece"}},
        "domain": {"components": 4, "limit": 2.0, "false_reject": None},
        "canary": {"seed": 1, "logit": 0.0, "tolerance": 0.02},
        "age_range": [1, 5],
        "limits": ["Drawn, not taken."],
        "credit": "Nobody",
        "curves": [{"epoch": 1, "loss": 0.5, "accuracy": 0.8, "val_loss": 0.4, "val_accuracy": 0.9}],
        "report": "trial.report.html",
    }
    return card.read(content | changes, tmp_path / "trial.json")


def some_scored(count: int = 240, seed: int = 0, three: bool = False, **changes) -> Scored:
    """Two films a patient, half with pneumonia, scored well but not perfectly; one in twelve films is far out."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(rng.integers(0, 2, count // 2), 2)
    logits = (2.4 * labels - 1.8 + rng.normal(0, 1, count)).astype(np.float32)
    made = Scored(
        logits=logits,
        labels=labels,
        patients=np.repeat([f"p{i}" for i in range(count // 2)], 2),
        names=np.array([f"film-{i}.png" for i in range(count)]),
        distances=np.where(np.arange(count) % 12 == 0, 3.0, 1.0).astype(np.float32),
        classes=rng.dirichlet((1, 1, 1), count).astype(np.float32) if three else None,
        subtypes=np.where(labels == 1, 1 + np.arange(count) // 2 % 2, 0) if three else None,
        tensors=rng.integers(0, 256, (count, SIDE, SIDE), dtype=np.uint8),
    )
    return dataclasses.replace(made, **changes)


class MeanGrey:
    """A model whose logit is the mean grey of a region: what an audit must see through."""

    def __init__(self, region=np.s_[:, :], distance: float = 1.0, classes=None):
        self.region, self.distance, self.classes = region, distance, classes

    def predict(self, batch: np.ndarray) -> Answers:
        grey = np.asarray(batch, dtype=np.float32)[(slice(None), *self.region)].mean(axis=(1, 2))
        classes = None if self.classes is None else np.tile(np.float32(self.classes), (len(batch), 1))
        return Answers(grey / 25 - 5, np.full(len(batch), self.distance, dtype=np.float32), classes)

    def explain(self, grey: np.ndarray) -> np.ndarray:
        return grey[::-1]
