"""Train a named architecture on a folder of films.

    python -m ml train mobilenetv2 --data FOLDER --out RUN [--weights FILE|imagenet] [--exclude FOLDER]

The same command on the same RUN folder resumes after the last finished epoch. Written in Keras alone, so that it runs
on TensorFlow, PyTorch or JAX (KERAS_BACKEND). RUN holds config.json, the films of both sides of the split as rendered
for this model (training.npy, validation.npy; the .json beside each names those left out), curves.json (accuracy and
loss of both sides, an epoch a row), and best.weights.h5 of the epoch with the lowest validation loss; ml.release makes
the card from it. How a network is trained stands in its RECIPE, ml/architectures/.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras

from ml import architectures, data, frozen, judging, optimise, preprocess
from ml.batches import Batches
from ml.progress import track


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
    classes: int = 2  # or 3: normal, bacterial, viral
    precision: str = "float32"  # a Keras policy; weights are float32 under each
    patient_pattern: str | None = None


def run(config: Config, out: Path, tensorboard: bool = False) -> Path:
    """Train as `config` says into `out`; returns the folder. Raises data.DataError."""
    watch = [judging.tensorboard(out / "tensorboard")] if tensorboard else []
    _refuse_other(out, config)
    found, left_out = films(config)
    if config.exclude:
        print(f"{left_out} films of patients in {config.exclude} are left out")
    training, validation = split(found, config)
    _refuse_other_films(out, {"training": training, "validation": validation})
    keras.config.set_dtype_policy(config.precision)
    try:
        keras.utils.set_random_seed(config.seed + config.member)
        model = architectures.get(config.architecture).build(config.side, config.classes, config.weights)
        _make(out)
        judging.write(out / "config.json", asdict(config))
        training = rendered(out / "training", training, config.side)
        validation = rendered(out / "validation", validation, config.side)
        _fit(model, config, out, training, validation, watch)
    finally:
        keras.config.set_dtype_policy("float32")  # whoever builds the model next serves it
    return out


def _fit(whole: keras.Model, config: Config, out: Path, training: tuple, validation: tuple, watch: list) -> None:
    """training, validation: (films, samples) each."""
    recipe = architectures.get(config.architecture).RECIPE
    for _, part in (training, validation):
        data.require_classes(part, config.classes, "Too few films can be read")
    model, (films, held) = whole, (training[0], validation[0])
    if frozen.fits(whole, recipe):
        model = frozen.head(whole)
        films, held = (
            frozen.features(whole, out / name, of) for name, of in (("training", films), ("validation", held))
        )
    batches = Batches(
        films,
        data.indices(training[1], config.classes),
        config,
        recipe,
        outputs=model.output_shape[-1],
        first_epoch=judging.epochs_done(out / "backup"),
    )
    if not len(batches):
        raise data.DataError(f"{len(films)} films fill no batch of {config.batch}; bring more, or give --batch.")
    optimise.prepare(model, recipe, steps=len(batches) * config.epochs)
    average = [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)] if recipe["average"] else []
    judge = judging.Judge(out, whole, films, held, data.indices(validation[1], config.classes))
    # The order matters: the averaged weights are judged, then the last are back, and are what a resume goes on from.
    with judging.Bar() as bar:
        callbacks = [*average, judge, judging.Backup(out / "backup", *average), *watch, bar]
        model.fit(batches, epochs=config.epochs, callbacks=callbacks, verbose=0)


def samples(config: Config) -> tuple[list[data.Sample], list[data.Sample]]:
    """(training, validation) of a run: the same lists whenever they are asked for."""
    return split(films(config)[0], config)


def films(config: Config) -> tuple[list[data.Sample], int]:
    """(the films of a run before its split, how many of the folder `exclude` left out)."""
    folder = data.load(Path(config.data), config.classes, config.patient_pattern)
    found = folder
    if config.exclude:
        found = data.without_patients_in(folder, Path(config.exclude), config.patient_pattern)
    left_out = len(folder) - len(found)
    if config.limit:
        found = [found[i] for i in np.random.default_rng(config.seed).permutation(len(found))[: config.limit]]
    return found, left_out


def split(found: list[data.Sample], config: Config) -> tuple[list[data.Sample], list[data.Sample]]:
    """(training, validation) of what `films` found."""
    return data.split(found, config.validation, config.seed, config.classes)


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise data.DataError(f"{out} cannot be made ({error.strerror}); give another --out.") from None


def _refuse_other_films(out: Path, sides: dict[str, list[data.Sample]]) -> None:
    """Raise DataError where a run goes on and its films have changed: some would change sides of the split."""
    if not (out / "backup").exists() and not (out / "curves.json").exists():
        return
    begun = made_for(out)
    if any(films not in (None, data.manifest_hash(sides[side])) for side, films in begun.items()):
        raise data.DataError(f"The films are no longer those that the run in {out} began with; give another --out.")


def made_for(out: Path) -> dict[str, str | None]:
    """{"training", "validation": hash of its films} of the run in `out`; None where they are not rendered yet."""
    files = {side: out / f"{side}.json" for side in ("training", "validation")}
    return {
        side: json.loads(path.read_text())["made_for"]["films"] if path.is_file() else None
        for side, path in files.items()
    }


def _refuse_other(out: Path, config: Config) -> None:
    """Raise DataError for a folder that another config has begun; fields that its file lacks have their defaults."""
    if out.exists() and not out.is_dir():
        raise data.DataError(f"{out} is a file; give another --out.")
    if (out / "config.json").is_file() and read_config(out) != config:
        raise data.DataError(f"{out} holds a run with other settings; give another --out, or remove it.")


def read_config(out: Path) -> Config:
    """The config of the run in `out`; raises DataError where there is none that this version knows."""
    try:
        return Config(**json.loads((out / "config.json").read_text()))
    except (OSError, ValueError, TypeError):
        raise data.DataError(f"{out} holds no run of this version: its config.json cannot be read.") from None


def rendered(stem: Path, part: list[data.Sample], side: int) -> tuple[np.ndarray, list[data.Sample]]:
    """The films of one side of the split, rendered once and kept beside the run."""
    if found := cached(stem, part, side):
        return found
    for stale in (".json", ".features.npy"):  # of other films, or of another pixel path
        stem.with_suffix(stale).unlink(missing_ok=True)
    films, kept, unreadable = data.render(part, side, progress=track(f"rendering {stem.name}"))
    for sentence in unreadable:
        print(f"left out: {sentence}")
    print(f"{stem.name}: {len(films)} films, {len(unreadable)} left out")
    np.save(stem.with_suffix(".npy"), films)
    names = {"kept": [s.path.as_posix() for s in kept], "sha256": [s.sha256 for s in kept], "unreadable": unreadable}
    judging.write(stem.with_suffix(".json"), {"made_for": _made_for(part, side)} | names)
    return films, kept


def cached(stem: Path, part: list[data.Sample], side: int) -> tuple[np.ndarray, list[data.Sample]] | None:
    """What `rendered` kept, or None where it was made of other films or by another pixel path."""
    index = stem.with_suffix(".json")
    if not index.is_file() or (found := json.loads(index.read_text()))["made_for"] != _made_for(part, side):
        return None
    films, kept = np.load(stem.with_suffix(".npy")), _kept(part, found)
    return (films, kept) if len(films) == len(kept) else None


def _kept(part: list[data.Sample], index: dict) -> list[data.Sample]:
    """The samples that an index names, in its order; by content where they have moved. Older indexes have paths alone.

    One that is not there is left out: the caller sees it by the count.
    """
    by_path, by_hash = {s.path.as_posix(): s for s in part}, {s.sha256: s for s in part}
    found = []
    for path, sha256 in zip(index["kept"], index.get("sha256") or [None] * len(index["kept"]), strict=True):
        there = by_path.get(path)
        found.append(there if there and sha256 in (None, there.sha256) else by_hash.get(sha256))
    return [sample for sample in found if sample]


def unreadable(out: Path) -> list[str]:
    """A sentence for each corrupt film that the run in `out` left out, of both sides: for the card's provenance."""
    files = [out / f"{name}.json" for name in ("training", "validation")]
    indexes = [json.loads(path.read_text()) for path in files if path.is_file()]
    return [sentence for index in indexes for sentence in index.get("unreadable", [])]


def _made_for(part: list[data.Sample], side: int) -> dict:
    return {"films": data.manifest_hash(part), "preprocess": preprocess.PREPROCESS_VERSION, "side": side}
