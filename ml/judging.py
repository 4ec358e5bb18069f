"""What is done after each epoch of a training: average, settle, judge, keep."""

import json
import random
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
from sklearn.metrics import log_loss, roc_auc_score

from ml import calibrate
from ml.data import DataError
from ml.outputs import pneumonia_logit
from ml.progress import bar


class Judge(keras.callbacks.Callback):
    """Settle, score the validation films, keep the curves and the best weights; each file is whole or the last one."""

    def __init__(self, out: Path, whole: keras.Model, films: np.ndarray, held: np.ndarray, held_indices: np.ndarray):
        """whole: what is kept; the model that learns may be its head alone, and the films its features."""
        super().__init__()
        self.out, self.path, self.whole, self.films = out, out / "curves.json", whole, films
        self.held, self.held_indices = held, held_indices
        self.epochs = json.loads(self.path.read_text()) if self.path.is_file() else []

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        settle(self.model, self.films)
        raw = self._raw()
        if not (np.isfinite(list(logs.values())).all() and np.isfinite(raw).all()):
            raise DataError("The training diverged: try a lower learning rate in the recipe, or --precision float32.")
        logs |= score(raw, self.held_indices)
        figures = {name: round(float(value), 5) for name, value in logs.items()}
        self.epochs = [*self.epochs[:epoch], {"epoch": epoch + 1} | figures]
        if figures["val_loss"] <= min(row["val_loss"] for row in self.epochs):
            self.whole.save_weights(self.out / "draft.weights.h5")
            (self.out / "draft.weights.h5").replace(self.out / "best.weights.h5")
        write(self.path, self.epochs)

    def _raw(self, batch: int = 64) -> np.ndarray:
        chunks = [self.held[i : i + batch].astype("float32") for i in range(0, len(self.held), batch)]
        return np.concatenate([self.model.predict_on_batch(chunk) for chunk in chunks])


def score(raw: np.ndarray, indices: np.ndarray) -> dict[str, float]:
    """Figures of raw outputs (n, k) for class indices (n,), 0 being normal.

    Judged as shipped, so after calibration: an offset that calibration removes is no fault of an epoch.
    """
    labels = (indices > 0).astype(int)
    logits = keras.ops.convert_to_numpy(pneumonia_logit(raw))[:, 0]
    p = calibrate.probability(logits, *calibrate.fit(logits, labels), prevalence=labels.mean())
    found = {
        "val_loss": float(log_loss(labels, p)),
        "val_auc": float(roc_auc_score(labels, logits)),
        "val_accuracy": float(np.mean((p >= 0.5) == labels)),
    }
    if raw.shape[-1] > 2:
        found["val_class_accuracy"] = float(np.mean(raw.argmax(axis=-1) == indices))
    return found


def settle(model: keras.Model, films: np.ndarray, count: int = 640, batch: int = 64) -> None:
    """Take batch norm's statistics anew, as a plain mean over films as they are served.

    Those gathered in training belong to disturbed films and were seen to cost 0.01 of AUC on plain ones.
    """
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not norms:
        return
    usual = [layer.momentum for layer in norms]
    chosen = films[np.random.default_rng(0).permutation(len(films))[:count]]
    for i in range(max(1, len(chosen) // batch)):
        for layer in norms:
            layer.momentum = i / (i + 1)
        model(chosen[i * batch : (i + 1) * batch].astype("float32"), training=True)
    for layer, momentum in zip(norms, usual, strict=True):
        layer.momentum = momentum


class Backup(keras.callbacks.BackupAndRestore):
    """What a killed run goes on from, once the epoch is judged: the last weights, not their average; and its chance."""

    def __init__(self, folder: Path, average: keras.callbacks.Callback | None = None):
        super().__init__(str(folder), double_checkpoint=True, delete_checkpoint=False)
        self.average, self.chance = average, folder / "chance.json"

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        if self.average:
            self.average.on_epoch_begin(epoch + 1)  # the last weights take their place again
        super().on_epoch_end(epoch, logs)
        order = random.getstate()  # Keras shuffles the batches by it
        write(self.chance, {"order": order[1], "noise": [np.asarray(seed).tolist() for seed in self._noise()]})

    def on_train_begin(self, logs=None) -> None:
        super().on_train_begin(logs)
        if self.chance.is_file():
            found = json.loads(self.chance.read_text())
            random.setstate((random.getstate()[0], tuple(found["order"]), None))
            for seed, state in zip(self._noise(), found["noise"], strict=True):
                seed.assign(np.array(state, dtype="uint32"))

    def _noise(self) -> list:
        """What dropout draws from: no weight, so no file of weights holds it."""
        return [layer.seed_generator.state for layer in self.model.layers if hasattr(layer, "seed_generator")]


def epochs_done(folder: Path) -> int:
    """How many epochs the backup in `folder` has behind it."""
    found = folder / "training_metadata.json"
    return json.loads(found.read_text())["epoch"] if found.is_file() else 0


class Bar(keras.callbacks.Callback):
    """A rich bar an epoch, and its figures in one line after it; as a context, it goes when the training breaks off."""

    bar = None

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *error) -> None:
        if self.bar:
            self.bar.stop()

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        self.bar = bar()
        self.bar.start()
        self.task = self.bar.add_task(f"epoch {epoch + 1}/{self.params['epochs']}", total=self.params["steps"])

    def on_train_batch_end(self, batch: int, logs=None) -> None:
        self.bar.update(self.task, advance=1)

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        self.bar.stop()
        print(f"epoch {epoch + 1}: " + "  ".join(f"{key} {value:.4f}" for key, value in logs.items()), flush=True)


def tensorboard(folder: Path) -> keras.callbacks.Callback:
    """Keras's own, for those who watch there; raises DataError where it is not installed."""
    if not find_spec("tensorboard") or not find_spec("tensorflow"):
        raise DataError("TensorBoard is not installed: pip install tensorboard, or leave --tensorboard out.")
    return keras.callbacks.TensorBoard(str(folder), write_graph=False)


def write(path: Path, content) -> None:
    """`content` as JSON, whole or not at all."""
    draft = path.with_name(f"{path.name}.draft")
    draft.write_text(json.dumps(content, indent=1), encoding="utf-8")
    draft.replace(path)
