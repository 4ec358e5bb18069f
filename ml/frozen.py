"""A network whose features do not learn reads each film once: its head then trains on them in seconds an epoch."""

from pathlib import Path

import keras
import numpy as np

from ml.progress import track

CHUNK = 32


def fits(model: keras.Model, recipe: dict) -> bool:
    """Whether the features of a film are the same in every epoch."""
    same_films = not recipe["augment"] and not recipe["mixup"]
    return same_films and not _body(model).trainable_weights


def head(model: keras.Model) -> keras.Model:
    """features (n, f) -> what `model` says, by the same layers."""
    return keras.Model(model.get_layer("features").output, model.output, name="head")


def features(model: keras.Model, stem: Path, films: np.ndarray) -> np.ndarray:
    """(n, f) float32 of `films` (n, side, side) uint8; kept beside the run, as a resume needs them again."""
    kept = stem.with_suffix(".features.npy")
    if kept.is_file() and len(found := np.load(kept)) == len(films):
        return found
    body, starts = _body(model), range(0, len(films), CHUNK)
    read = [
        body.predict_on_batch(films[i : i + CHUNK].astype("float32")) for i in track(f"features of {stem.name}")(starts)
    ]
    found = np.concatenate(read).astype("float32")
    draft = stem.with_suffix(".draft.npy")
    np.save(draft, found)
    draft.replace(kept)
    return found


def _body(model: keras.Model) -> keras.Model:
    return keras.Model(model.input, model.get_layer("features").output)
