"""Judge a model on a folder of films, through the path that serves."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import expit

from ml import calibrate, data, listing, metrics, preprocess, subtypes
from ml.card import BANDS, Card
from ml.progress import track

CHUNK = 32


@dataclass(frozen=True)
class Scored:
    """What a model said of n films whose findings are known."""

    logits: np.ndarray  # (n,) float32
    labels: np.ndarray  # (n,) int, 1 is pneumonia
    patients: np.ndarray  # (n,) str
    names: np.ndarray  # (n,) str, file names without folders
    distances: np.ndarray  # (n,) float32, NaN where the card has no domain
    classes: np.ndarray | None = None  # (n, 3) float32, P(normal, bacterial, viral)
    subtypes: np.ndarray | None = None  # (n,) int, 0 normal, 1 bacterial, 2 viral; None unless all are known
    tensors: np.ndarray | None = None  # (n, side, side) uint8, the films as the model saw them
    unreadable: tuple[str, ...] = ()  # a sentence for each film left out
    data_sha256: str = ""  # of these films, see data.manifest_hash

    def __len__(self) -> int:
        return len(self.logits)


def evaluate(card: Card, folder: Path, patient_pattern: str | None = None) -> dict:
    """The figures of `card` on the films of `folder` as plain JSON; raises data.DataError."""
    samples = load(folder, patient_pattern)
    from ml.runtime import auto  # takes seconds, and the folder may be wrong

    scored = score(card, auto.load(card), samples)
    return of_scored(card, scored) | {
        "model": f"{card.name} {card.version}",
        "weights_sha256": card.weights_sha256,
        "preprocess": preprocess.PREPROCESS_VERSION,
        "data_sha256": scored.data_sha256,
        "unreadable": list(scored.unreadable),
        "note": " ".join(filter(None, (data.note(samples), listing.passed_by(folder), _known(card, scored)))) or None,
    }


def load(folder: Path, patient_pattern: str | None = None) -> list[data.Sample]:
    """The films to judge on; raises data.DataError, which names the right folder where its parent was given."""
    folder = Path(folder)
    if folder.is_dir() and not (folder / "manifest.csv").is_file() and not listing.films(folder):
        inner = sorted(path for path in folder.iterdir() if path.is_dir())
        inner = [path for path in inner if len({film.label for film in listing.films(path)}) == len(data.CLASSES)]
        if inner:
            raise data.DataError(
                f"{folder} holds no class folders itself. Give one of those that do: "
                f"{' or '.join(f'--data {path}' for path in inner)}."
            )
    return data.load(folder, patient_pattern=patient_pattern, require_patients=False)


def score(card: Card, model, samples: list[data.Sample]) -> Scored:
    """The samples as `model`, a runtime's, scores them; raises data.DataError where a class cannot be read at all."""
    tensors, kept, unreadable = data.render(samples, card.input_side, track("reading films"))
    return of_tensors(model, tensors, kept, tuple(unreadable))


def of_tensors(model, tensors: np.ndarray, samples: list[data.Sample], unreadable: tuple[str, ...] = ()) -> Scored:
    """Films that are rendered already, (n, side, side) uint8, one a sample."""
    labels = np.array([sample.label for sample in samples])
    if len(set(labels.tolist())) < len(data.CLASSES):
        raise data.DataError("After leaving out what could not be read, one class has no film.")
    found = [model.predict(tensors[i : i + CHUNK]) for i in track("scoring")(range(0, len(tensors), CHUNK))]
    known = [sample.subtype for sample in samples]
    return Scored(
        logits=np.concatenate([answers.logits for answers in found]),
        labels=labels,
        patients=np.array([sample.patient for sample in samples]),
        names=np.array([sample.path.name for sample in samples]),
        distances=np.concatenate([answers.distances for answers in found]),
        classes=None if found[0].classes is None else np.concatenate([answers.classes for answers in found]),
        subtypes=None if None in known else np.array(known),
        tensors=tensors,
        unreadable=unreadable,
        data_sha256=data.manifest_hash(samples),
    )


def learned_from(card: Card, data_sha256: str) -> bool:
    """Whether these are the films of the model's own training, validation included."""
    return data_sha256 == card.data.get("manifest_sha256")


def _known(card: Card, scored: Scored) -> str | None:
    own = learned_from(card, scored.data_sha256)
    return "These are the films that the model learned from: such figures are too good." if own else None


def of_logits(card: Card, logits: np.ndarray, labels: np.ndarray, patients: np.ndarray) -> dict:
    """The figures of a card from raw logits: at its "likely" point, with Brier and ECE at the set's own prevalence."""
    p, prevalence = card.calibrate(logits), float(labels.mean())
    own = calibrate.shift(p, to=prevalence)
    return metrics.figures(labels, p, patients, card.operating_points["likely"], own) | {
        "prevalence": round(prevalence, 4)
    }


def of_scored(card: Card, scored: Scored) -> dict:
    """All that a report or a judge asks of scored films, as plain JSON.

    The headline figures are of the model's raw scores, whatever its domain; "domain" tells what the gate would have
    put aside, and the figures without those films. The three classes are there where model and films know them.
    """
    p = card.calibrate(scored.logits)
    points = {name: metrics.operating_point(scored.labels, p, at) for name, at in card.operating_points.items()}
    found = of_logits(card, scored.logits, scored.labels, scored.patients) | {
        "operating_points": points,
        "predictive_values": {
            name: metrics.predictive_values(point["sensitivity"], point["specificity"])
            for name, point in points.items()
        },
        "bands": _bands(card, scored.labels, p),
        "calibration": calibration(card, scored),
        "domain": _domain(card, scored),
    }
    return found | {"three_classes": subtypes.figures(scored)}


def _bands(card: Card, labels: np.ndarray, p: np.ndarray) -> dict:
    band = np.array([card.band(each) for each in p])
    return {name: metrics.band_values(labels, band == name) for name in BANDS}


def calibration(card: Card, scored: Scored) -> dict:
    """ECE, Brier and reliability before (sigmoid of the logit) and after (the card's, at the set's own prevalence)."""
    after = calibrate.shift(card.calibrate(scored.logits), to=float(scored.labels.mean()))
    return {
        name: {
            "ece": round(metrics.ece(scored.labels, p), 4),
            "brier": round(metrics.brier(scored.labels, p), 4),
            "reliability": metrics.reliability(scored.labels, p),
        }
        for name, p in (("before", expit(scored.logits.astype(np.float64))), ("after", after))
    }


def _domain(card: Card, scored: Scored) -> dict | None:
    """Of a card with a domain: the share of films outside it, and the figures of those inside."""
    if card.domain is None:
        return None
    inside = np.array([card.in_domain(distance) for distance in scored.distances])
    labels = scored.labels[inside]
    both = len(set(labels.tolist())) == len(data.CLASSES)
    return {
        "limit": card.domain["limit"],
        "outside": metrics.rate(int((~inside).sum()), len(inside)),
        "inside": of_logits(card, scored.logits[inside], labels, scored.patients[inside]) if both else None,
    }
