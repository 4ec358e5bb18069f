"""Judge a model on a folder of films, through the path that serves."""

from pathlib import Path

import numpy as np

from ml import calibrate, data, metrics, preprocess
from ml.card import Card
from ml.progress import track

CHUNK = 32


def evaluate(card: Card, folder: Path) -> dict:
    """The figures of `card` on the films of `folder` as plain JSON; raises data.DataError."""
    from ml.runtime import tensorflow  # takes seconds, and the folder may be wrong

    tensors, kept, unreadable = data.render(data.load(folder), card.input_side, track("reading films"))
    model = tensorflow.load(card)
    chunks = [tensors[i : i + CHUNK] for i in range(0, len(tensors), CHUNK)]
    logits = np.concatenate([model.predict(chunk) for chunk in track("scoring")(chunks)])
    labels = np.array([sample.label for sample in kept])
    patients = np.array([sample.patient for sample in kept])
    if len(set(labels.tolist())) < len(data.CLASSES):
        raise data.DataError("After leaving out what could not be read, one class has no film.")
    found = of_logits(card, logits, labels, patients)
    return found | {
        "model": f"{card.name} {card.version}",
        "preprocess": preprocess.PREPROCESS_VERSION,
        "data_sha256": data.manifest_hash(kept),
        "unreadable": unreadable,
    }


def of_logits(card: Card, logits: np.ndarray, labels: np.ndarray, patients: np.ndarray) -> dict:
    """The figures of a card from raw logits: at its "likely" point, with Brier and ECE at the set's own prevalence."""
    p, prevalence = card.calibrate(logits), float(labels.mean())
    own = calibrate.shift(p, to=prevalence)
    return metrics.figures(labels, p, patients, card.operating_points["likely"], own) | {
        "prevalence": round(prevalence, 4)
    }
