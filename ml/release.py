"""From finished runs to weights, card and report that can be shipped."""

import csv
import hashlib
from pathlib import Path

import keras
import numpy as np

from ml import (
    audit,
    canary,
    card,
    domain,
    drafts,
    evaluate,
    half,
    members,
    operating,
    outputs,
    preprocess,
    registry,
    report,
)
from ml.card import Card

# Until the logits are there, which are made with the weights as stored: a card that can be read, and says nothing.
NOTHING_YET = {
    "schema": card.SCHEMA,
    "temperature": 1.0,
    "calibration_prevalence": 0.5,
    "operating_points": {"likely": 0.5, "uncertain": 0.25},
    "canary": {"seed": canary.SEED, "logit": 0.0, "tolerance": canary.TOLERANCE},
    "band_rates": {band: {"pneumonia": 0.0, "other": 0.0} for band in card.BANDS},
    "figures": {"auc": 0.5},
    "calibration": {},
    "ppv_table": {},
}


def release(runs: list[Path], out: Path, name: str, version: str, about: dict) -> Card:
    """Write NAME.weights.h5, NAME.validation.csv, the report and NAME.json into `out` from the runs' best epochs.

    One run gives a model of one network, several an ensemble. about: data (name), age_range, limits, credit: what no
    file can know. Every figure is of the weights as stored. Raises DataError, and then writes nothing.
    """
    configs = members.agreed(runs)
    (films, training), (held, validation), left_out = members.films(runs[0], configs[0])
    with drafts.folder(out, last=f"{name}.json") as draft:
        content = _weights(runs, configs, films, draft / f"{name}.weights.h5")
        content |= {"name": name, "version": version, "report": f"{name}.report.html"}
        content |= members.provenance(runs, configs[0], training, validation, left_out, about)
        model = outputs.ByKeras(registry.build(card.read(content | NOTHING_YET, draft / f"{name}.json")))
        scored = evaluate.of_tensors(model, held, validation)
        content |= _judged(content, model, scored) | {"audit": audit.audit(model, validation, held)}
        made = card.save(content, draft / f"{name}.json")
        save_scores(draft / f"{name}.validation.csv", made.calibrate(scored.logits), scored.labels)
        write_report(made, draft, scored)
    return card.load(out / f"{name}.json")


def _weights(runs: list[Path], configs: list, films: np.ndarray, path: Path) -> dict:
    """Write the weights of the served model; returns what the card says of it."""
    networks = [members.network(run, config) for run, config in zip(runs, configs, strict=True)]
    looks = outputs.looks(networks)
    kernel, bias = domain.fit(lambda some: outputs.predicted(looks, some), films, configs[0].seed)
    classes = next(names for names in card.CLASSES if len(names) == configs[0].classes)
    model = outputs.served(networks, len(classes), kernel.shape[1])
    model.get_layer("domain").set_weights([kernel, bias])
    model.save_weights(path)
    half.halve(path)
    return {
        "architecture": configs[0].architecture if len(configs) == 1 else "ensemble",
        "members": [members.entry(config) for config in configs],
        "classes": classes,
        "input_side": configs[0].side,
        "preprocess_version": preprocess.PREPROCESS_VERSION,
        "weights": path.name,
        "weights_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "domain": {"components": kernel.shape[1], "limit": 1.0, "false_reject": None},
    }


def _judged(content: dict, model: outputs.ByKeras, scored: evaluate.Scored) -> dict:
    """The fields of a card that follow from films which its model has not learned from, and from its canary."""
    found = operating.judge(scored.logits, scored.labels, scored.patients)
    components, seed = content["domain"]["components"], content["split"]["seed"]
    found["domain"] = domain.judge(scored.distances, scored.patients, components, seed)
    logit = float(model.predict(canary.film(canary.SEED, content["input_side"])).logits[0])
    return found | {"canary": NOTHING_YET["canary"] | {"logit": round(logit, 6)}}


def write_report(made: Card, folder: Path, scored: evaluate.Scored) -> None:
    """The report of a card into its folder, and the page with films, whose heat needs Keras to run on TensorFlow."""
    report.write(folder, made, scored, films=keras.config.backend() == "tensorflow")


def save_scores(path: Path, p: np.ndarray, labels: np.ndarray) -> None:
    """The validation scores as `label,p`, without names: what the simulation of the worklist resamples."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["label", "p"])
        rows.writerows(("PNEUMONIA" if sick else "OTHER", f"{each:.6f}") for sick, each in zip(labels, p, strict=True))
