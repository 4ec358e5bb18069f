"""Train a named architecture on a folder of films.

    python -m ml train mobilenetv2 --data FOLDER --out RUN [--weights FILE|imagenet] [--exclude FOLDER]

The same command on the same RUN folder resumes after the last finished epoch. Written in Keras alone, so that it runs
on TensorFlow, PyTorch or JAX (KERAS_BACKEND). RUN holds config.json, the films of both sides of the split as rendered
for this model (training.npy, validation.npy), curves.json, and best.weights.h5 of the epoch with the lowest
validation loss; ml.release makes the card from it.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
from sklearn.metrics import log_loss, roc_auc_score

from ml import architectures, calibrate, data, preprocess
from ml.augment import augment
from ml.progress import bar, track


@dataclass(frozen=True)
class Config:
    """One run; saved beside its weights."""

    architecture: str
    data: str
    side: int
    epochs: int
    batch: int
    weights: str | None = None
    exclude: str | None = None
    validation: float = 0.15
    seed: int = 2018
    member: int = 0  # runs that differ in this alone share the split and nothing else: members of an ensemble
    limit: int | None = None  # films, for a quick trial


class Batches(keras.utils.PyDataset):
    """Augmented batches, each film with the weight of its class; order and noise follow from seed and epoch."""

    def __init__(self, films: np.ndarray, labels: np.ndarray, config: Config, first_epoch: int = 0):
        super().__init__()
        self.films, self.labels, self.config, self.epoch = films, labels, config, first_epoch
        self.mixup = architectures.get(config.architecture).RECIPE.get("mixup", 0)
        counts = np.bincount(labels, minlength=len(data.CLASSES))
        self.class_weight = len(labels) / (len(counts) * counts)
        self.on_epoch_begin()

    def on_epoch_begin(self) -> None:
        self.order = self._chance(0).permutation(len(self.labels))

    def _chance(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng((self.config.seed, self.config.member, self.epoch, purpose))

    def on_epoch_end(self) -> None:
        self.epoch += 1

    def __len__(self) -> int:
        return len(self.labels) // self.config.batch

    def __getitem__(self, index: int):
        chosen = self.order[index * self.config.batch : (index + 1) * self.config.batch]
        rng = self._chance(1 + index)
        films = np.stack([augment(film, rng) for film in self.films[chosen]]).astype("float32")
        labels = self.labels[chosen]
        share, other = self._mix(rng, len(chosen))
        weights = self.class_weight[labels]
        return (
            share[:, None, None] * films + (1 - share[:, None, None]) * films[other],
            (share * labels + (1 - share) * labels[other])[:, None].astype("float32"),
            (share * weights + (1 - share) * weights[other]).astype("float32"),
        )

    def _mix(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Mixup (Zhang 2018, arXiv 1710.09412): ((n,) float32 share of each film, (n,) the film it is mixed with)."""
        share = rng.beta(self.mixup, self.mixup, count) if self.mixup else np.ones(count)
        return share.astype("float32"), rng.permutation(count)


class Judge(keras.callbacks.Callback):
    """After each epoch: settle, score the validation films, keep the curves and the best weights over a resume."""

    def __init__(self, out: Path, films: np.ndarray, held: np.ndarray, held_labels: np.ndarray):
        super().__init__()
        self.out, self.path, self.films = out, out / "curves.json", films
        self.held, self.held_labels = held.astype("float32"), held_labels
        self.epochs = json.loads(self.path.read_text()) if self.path.is_file() else []

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        settle(self.model, self.films)
        logs |= self._score(self.model.predict(self.held, batch_size=64, verbose=0)[:, 0])
        figures = {name: round(float(value), 5) for name, value in logs.items()}
        self.epochs = [*self.epochs[:epoch], {"epoch": epoch + 1} | figures]
        if figures["val_loss"] <= min(row["val_loss"] for row in self.epochs):
            self.model.save_weights(self.out / "best.weights.h5")
        self.path.write_text(json.dumps(self.epochs, indent=1))

    def _score(self, logits: np.ndarray) -> dict[str, float]:
        """Judged as shipped, so after calibration: an offset that calibration removes is no fault of an epoch."""
        labels = self.held_labels
        p = calibrate.probability(logits, *calibrate.fit(logits, labels), prevalence=labels.mean())
        return {
            "val_loss": float(log_loss(labels, p)),
            "val_auc": float(roc_auc_score(labels, p)),
            "val_accuracy": float(np.mean((p >= 0.5) == labels)),
        }


def settle(model: keras.Model, films: np.ndarray, count: int = 640, batch: int = 64) -> None:
    """Take batch norm's statistics anew, as a plain mean over films as they are served.

    Those gathered in training belong to disturbed films and were seen to cost 0.01 of AUC on plain ones.
    """
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    usual = [layer.momentum for layer in norms]
    chosen = films[np.random.default_rng(0).permutation(len(films))[:count]]
    for i in range(max(1, len(chosen) // batch)):
        for layer in norms:
            layer.momentum = i / (i + 1)
        model(chosen[i * batch : (i + 1) * batch].astype("float32"), training=True)
    for layer, momentum in zip(norms, usual, strict=True):
        layer.momentum = momentum


class Bar(keras.callbacks.Callback):
    """A rich bar an epoch, and its figures in one line after it."""

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        self.bar = bar()
        self.bar.start()
        self.task = self.bar.add_task(f"epoch {epoch + 1}/{self.params['epochs']}", total=self.params["steps"])

    def on_train_batch_end(self, batch: int, logs=None) -> None:
        self.bar.update(self.task, advance=1)

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        self.bar.stop()
        print(
            f"epoch {epoch + 1}: " + "  ".join(f"{key} {value:.4f}" for key, value in logs.items()),
            flush=True,
        )


def run(config: Config, out: Path) -> Path:
    """Train as `config` says into `out`; returns the folder. Raises data.DataError for data that cannot be used."""
    out.mkdir(parents=True, exist_ok=True)
    _claim(out, config)
    keras.utils.set_random_seed(config.seed + config.member)
    training, validation = samples(config)
    films, training = rendered(out / "training", training, config.side)
    held, validation = rendered(out / "validation", validation, config.side)
    labels = _labels(training)
    model = architectures.get(config.architecture).build(config.side, weights=config.weights)
    _compile(model, config, steps=len(labels) // config.batch)
    judge = Judge(out, films, held, _labels(validation))
    backup = keras.callbacks.BackupAndRestore(str(out / "backup"), delete_checkpoint=False)
    batches = Batches(films, labels, config, first_epoch=len(judge.epochs))
    # The order matters: what a resume goes on from is kept before the averaged weights take the place of the last.
    model.fit(
        batches,
        epochs=config.epochs,
        callbacks=[backup, keras.callbacks.SwapEMAWeights(swap_on_epoch=True), judge, Bar()],
        verbose=0,
    )
    return out


def samples(config: Config) -> tuple[list[data.Sample], list[data.Sample]]:
    """(training, validation) of a run: the same lists whenever they are asked for."""
    found = data.load(Path(config.data))
    if config.exclude:
        found = data.without_patients_of(found, {path.name for path in Path(config.exclude).rglob("*")})
    if config.limit:
        found = [found[i] for i in np.random.default_rng(config.seed).permutation(len(found))[: config.limit]]
    return data.split(found, config.validation, config.seed)


def _claim(out: Path, config: Config) -> None:
    """Write the config, or refuse a folder that another config has begun."""
    path, text = out / "config.json", json.dumps(asdict(config), indent=1)
    if path.is_file() and path.read_text() != text:
        raise data.DataError(f"{out} holds a run with other settings; give another --out, or remove it.")
    path.write_text(text)


def rendered(stem: Path, part: list[data.Sample], side: int) -> tuple[np.ndarray, list[data.Sample]]:
    """The films of one side of the split, rendered once and kept beside the run."""
    if found := cached(stem, part, side):
        return found
    films, kept, unreadable = data.render(part, side, progress=track(f"rendering {stem.name}"))
    for sentence in unreadable:
        print(f"left out: {sentence}")
    np.save(stem.with_suffix(".npy"), films)
    index = {"made_for": _made_for(part, side), "kept": [s.path.as_posix() for s in kept]}
    stem.with_suffix(".json").write_text(json.dumps(index))
    return films, kept


def cached(stem: Path, part: list[data.Sample], side: int) -> tuple[np.ndarray, list[data.Sample]] | None:
    """What `rendered` kept, or None where it was made of other films or by another pixel path."""
    index = stem.with_suffix(".json")
    if not index.is_file() or (found := json.loads(index.read_text()))["made_for"] != _made_for(part, side):
        return None
    kept = set(found["kept"])
    return np.load(stem.with_suffix(".npy")), [s for s in part if s.path.as_posix() in kept]


def _made_for(part: list[data.Sample], side: int) -> dict:
    return {"films": data.manifest_hash(part), "preprocess": preprocess.PREPROCESS_VERSION, "side": side}


def _labels(part: list[data.Sample]) -> np.ndarray:
    return np.array([sample.label for sample in part])


def _compile(model: keras.Model, config: Config, steps: int) -> None:
    recipe, total = architectures.get(config.architecture).RECIPE, steps * config.epochs
    warmup = int(recipe["warmup"] * total)
    rate = keras.optimizers.schedules.CosineDecay(
        recipe["learning_rate"] / 25,
        total - warmup,
        warmup_target=recipe["learning_rate"],
        warmup_steps=warmup,
    )
    model.compile(
        optimizer=keras.optimizers.AdamW(
            rate, weight_decay=recipe["weight_decay"], use_ema=True, ema_momentum=recipe["average"]
        ),
        loss=keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=recipe["label_smoothing"]),
        jit_compile=_jit(),
        weighted_metrics=[],  # named, or Keras warns that the class weights leave the metrics alone
        metrics=[
            keras.metrics.AUC(from_logits=True, name="auc"),
            keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy"),
        ],
    )


def _jit() -> str | bool:
    """XLA where it helps: on a processor TensorFlow's convolutions were thrice as fast without (44 films/s, 13)."""
    on_processor = keras.config.backend() == "tensorflow" and not keras.distribution.list_devices("gpu")
    return False if on_processor else "auto"
