"""A new card for an existing model, from the films of a place: the same weights, what they mean there."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ml import card, data, domain, drafts, evaluate, metrics, operating
from ml.card import Card
from ml.release import save_scores, write_report

FEWEST_PATIENTS, FEWEST_OTHERS = 50, 30  # below, an operating point would be chance; pneumonias: see ml.operating


def recalibrate(model: Card, folder: Path, out: Path, version: str, patient_pattern: str | None = None) -> Card:
    """Write the weights of `model`, a new card and its report into `out`; raises data.DataError, and writes nothing.

    Temperature, operating points, bands, figures and the domain's limit come from the films of `folder`; what the
    network learned from, its ages and its limits stay. The films must be of patients whom it has not learned from.
    """
    if out.resolve() == model.path.parent.resolve() or version == model.version:
        raise data.DataError("A new card needs a --version and an --out of its own: the old one stays as it is.")
    samples = data.load(folder, patient_pattern=patient_pattern)
    _check_patients(samples)
    _refuse_own(model, data.manifest_hash(samples))
    from ml.runtime import auto  # takes seconds, and the folder may be wrong

    scored = evaluate.score(model, auto.load(model), samples)
    for sentence in scored.unreadable:
        print(f"left out: {sentence}")
    _refuse_own(model, scored.data_sha256)
    found = operating.judge(scored.logits, scored.labels, scored.patients) | {"version": version}
    found |= _domain(model, scored)
    found["calibration_data"] = _about(model, folder, scored)
    with drafts.folder(out, last=f"{model.name}.json") as draft:
        shutil.copyfile(model.weights_path, draft / model.weights)
        content = asdict(model) | found | {"report": f"{model.name}.report.html"}
        content.pop("path")
        made = card.save(json.loads(json.dumps(content)), draft / f"{model.name}.json")
        save_scores(draft / f"{model.name}.validation.csv", made.calibrate(scored.logits), scored.labels)
        write_report(made, draft, scored)
    return card.load(out / f"{model.name}.json")


def _check_patients(samples: list[data.Sample]) -> None:
    """Raise DataError for too few; the pneumonias are counted where the operating points are made."""
    patients, others = len({s.patient for s in samples}), sum(s.label == 0 for s in samples)
    if patients < FEWEST_PATIENTS or others < FEWEST_OTHERS:
        raise data.DataError(
            f"{len(samples)} films of {patients} patients, {others} of them without pneumonia, are too few to "
            f"calibrate on: bring {FEWEST_PATIENTS} patients or more, and {FEWEST_OTHERS} films without pneumonia."
        )


def _refuse_own(model: Card, data_sha256: str) -> None:
    if evaluate.learned_from(model, data_sha256):
        raise data.DataError(
            f"These are the films that {model.name} learned from: bring those of patients whom it does not know."
        )


def _domain(model: Card, scored: evaluate.Scored) -> dict:
    """Local films are what this place knows: the limit is set anew on them, the layer that measures stays."""
    if model.domain is None:
        return {}
    return {"domain": domain.judge(scored.distances, scored.patients, model.domain["components"], seed=0)}


def _about(model: Card, folder: Path, scored: evaluate.Scored) -> dict:
    known = np.array([model.in_domain(distance) for distance in scored.distances])
    return {
        "name": folder.resolve().name,
        "manifest_sha256": scored.data_sha256,
        "films": len(scored),
        "patients": len(set(scored.patients.tolist())),
        "pneumonia": int(scored.labels.sum()),
        "unreadable": len(scored.unreadable),
        "outside_former_domain": metrics.rate(int((~known).sum()), len(known)),
        "former_version": model.version,
    }
