"""The runs that become one model: whether they may, what they learned, and from which films."""

import json
from pathlib import Path

import keras

from ml import architectures, data, train

SAME = ("data", "exclude", "validation", "seed", "side", "classes", "limit", "patient_pattern")  # of all members


def agreed(runs: list[Path]) -> list[train.Config]:
    """The configs of the runs; raises DataError unless they may be one model."""
    configs = [train.read_config(run) for run in runs]
    for run in runs:
        for wanted in ("best.weights.h5", "curves.json"):
            if not (run / wanted).is_file():
                raise data.DataError(f"{run} has no {wanted}: let its training finish an epoch, then try again.")
    for run, config in zip(runs, configs, strict=True):
        differs = [field for field in SAME if getattr(config, field) != getattr(configs[0], field)]
        if differs:
            raise data.DataError(
                f"{run} and {runs[0]} differ in {', '.join(differs)}: the members of one model share the split. Train "
                "them with the same settings, and --member to tell them apart."
            )
        if train.made_for(run) != train.made_for(runs[0]):
            raise data.DataError(
                f"{run} and {runs[0]} were trained on other films, as {config.data} changed between them: train both "
                "on the same."
            )
    if len({run.resolve() for run in runs}) < len(runs):
        raise data.DataError("The same run was given twice; name each member once.")
    return configs


def films(run: Path, config: train.Config) -> tuple[tuple, tuple, int]:
    """(training, validation, films left out by its --exclude), each side ((n, side, side) uint8, their samples).

    As the run learned from them; raises DataError where the folder's films have changed since.
    """
    found, left_out = train.films(config)
    parts = zip(("training", "validation"), train.split(found, config), strict=True)
    sides = [train.cached(run / side, part, config.side) for side, part in parts]
    if any(side is None for side in sides):
        raise data.DataError(
            f"The films in {config.data} are no longer those that {run} was trained on: put them back, or train again."
        )
    return *sides, left_out


def network(run: Path, config: train.Config) -> keras.Model:
    """The network of a run at its best epoch; raises DataError for weights that cannot be read into it."""
    model = architectures.get(config.architecture).build(config.side, classes=config.classes)
    try:
        model.load_weights(run / "best.weights.h5")
    except (ValueError, OSError, KeyError, RuntimeError) as error:
        raise data.DataError(f"{run / 'best.weights.h5'} is damaged, or of another network: train again.") from error
    return model


def entry(config: train.Config) -> dict:
    """A member on the card; started_from: "no" (chance), "imagenet", or the name of the weights' file."""
    weights = config.weights and Path(config.weights).name
    return {"architecture": config.architecture, "side": config.side, "started_from": weights or "no"}


def provenance(
    runs: list[Path], config: train.Config, training: list, validation: list, left_out: int, about: dict
) -> dict:
    """What a card says of where its model comes from; training, validation: the samples of both sides."""
    sides = {
        side: {
            "films": len(part),
            "patients": len({s.patient for s in part}),
            "pneumonia": sum(s.label for s in part),
        }
        for side, part in (("training", training), ("validation", validation))
    }
    return {
        "data": {"name": about["data"], "manifest_sha256": data.manifest_hash(training + validation)}
        | {"films": len(training) + len(validation), "left_out": left_out}
        | {"unreadable": len(train.unreadable(runs[0]))},
        "split": {"by": "patient", "seed": config.seed, "fraction": config.validation} | sides,
        "curves": _curves(runs),
        "age_range": about["age_range"],
        "limits": about["limits"],
        "credit": about["credit"],
    }


def _curves(runs: list[Path]) -> list[dict]:
    """One dict an epoch; of an ensemble each says of which member (from 0) it is."""
    curves = [json.loads((run / "curves.json").read_text()) for run in runs]
    if len(curves) == 1:
        return curves[0]
    return [{"member": member} | epoch for member, epochs in enumerate(curves) for epoch in epochs]
