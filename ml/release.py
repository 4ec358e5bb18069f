"""From a finished run to weights and a card that can be shipped."""

import csv
import hashlib
import json
from pathlib import Path

import numpy as np

from ml import architectures, calibrate, data, metrics, preprocess
from ml.card import BANDS, PREVALENCES, Card, save, share_with_pneumonia
from ml.evaluate import of_logits

SENSITIVITY_BOUND = 0.95  # "likely": the lower 95 % bound of sensitivity stays at or above this
SENSITIVITY_LOW = 0.98  # below the second point, at most 2 % of the pneumonias of validation


def release(out: Path, name: str, version: str, about: dict) -> Card:
    """Write out/NAME.weights.h5, out/NAME.json and out/NAME.validation.csv from the best epoch of the run in `out`.

    about: data (name), age_range, limits, credit: what no file can know.
    """
    from ml import train  # Keras

    config = train.Config(**json.loads((out / "config.json").read_text()))
    model = architectures.get(config.architecture).build(config.side)
    model.load_weights(out / "best.weights.h5", skip_mismatch=False)
    weights = out / f"{name}.weights.h5"
    model.save_weights(weights)
    held_out = train.cached(out / "validation", train.samples(config)[1], config.side)
    if held_out is None:
        raise data.DataError(f"The films in {config.data} are no longer those that {out} was trained on.")
    films, validation = held_out
    logits = model.predict(films.astype("float32"), batch_size=32, verbose=0)[:, 0]
    content = {
        "name": name,
        "version": version,
        "architecture": config.architecture,
        "input_side": config.side,
    }
    content |= {"preprocess_version": preprocess.PREPROCESS_VERSION, "weights": weights.name}
    content |= {"weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest()}
    content |= _provenance(config, about) | {"curves": json.loads((out / "curves.json").read_text())}
    content |= judge(logits, validation, content)
    card = save(content, out / f"{name}.json")
    _save_scores(out / f"{name}.validation.csv", card.calibrate(logits), validation)
    return card


def _save_scores(path: Path, p: np.ndarray, samples: list[data.Sample]) -> None:
    """The validation scores as `label,p`, without names: what the simulation of the worklist resamples."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["label", "p"])
        rows.writerows(("PNEUMONIA" if s.label else "OTHER", f"{each:.6f}") for s, each in zip(samples, p, strict=True))


def judge(logits: np.ndarray, validation: list[data.Sample], content: dict) -> dict:
    """Calibration, operating points, band rates and figures of a card from its validation logits."""
    labels = np.array([s.label for s in validation])
    patients = np.array([s.patient for s in validation])
    temperature, prevalence = calibrate.fit(logits, labels)
    p = calibrate.probability(logits, temperature, prevalence)
    likely, uncertain = operating_points(p, labels)
    rates = band_rates(p, labels, likely, uncertain)
    found = {"temperature": temperature, "calibration_prevalence": prevalence, "band_rates": rates}
    found |= {"operating_points": {"likely": likely, "uncertain": uncertain}, "ppv_table": _ppv_table(rates)}
    card = Card(**content, **found, figures={})
    figures = of_logits(card, logits, labels, patients)
    second = metrics.rates(labels, p >= uncertain)
    figures["at_uncertain"] = {
        name: {"value": round(hits / of, 4), "interval": [round(end, 4) for end in metrics.wilson(hits, of)]}
        for name, (hits, of) in second.items()
    }
    return found | {"figures": figures}


def operating_points(p: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """(likely, uncertain): thresholds on p, uncertain < likely; raises DataError where validation is too small."""
    sick = np.sort(p[labels == 1])
    reach = [len(sick) - i for i in range(len(sick))]  # how many are called at a threshold of sick[i]
    sure = [i for i, hits in enumerate(reach) if metrics.wilson(hits, len(sick))[0] >= SENSITIVITY_BOUND]
    low = [i for i, hits in enumerate(reach) if hits / len(sick) >= SENSITIVITY_LOW]
    if not sure or sure[-1] == 0:
        raise data.DataError(
            f"Validation holds {len(sick)} films with pneumonia, too few to show a sensitivity of {SENSITIVITY_BOUND}."
        )
    # with few films "likely" reaches further down than 0.98 asks: the second point then goes one film lower
    likely, uncertain = sure[-1], min(low[-1], sure[-1] - 1)
    return _just_below(sick[likely], p), _just_below(sick[uncertain], p)


def _just_below(value: float, p: np.ndarray) -> float:
    """Half-way to the next lower score, so that rounding on another machine moves no film over the threshold."""
    lower = p[p < value]
    return float((value + (lower.max() if len(lower) else 0.0)) / 2)


def band_rates(p: np.ndarray, labels: np.ndarray, likely: float, uncertain: float) -> dict:
    """Each band's share of the films with and without pneumonia; half a film added, so that no band is impossible."""
    band = np.where(p >= likely, 0, np.where(p >= uncertain, 1, 2))

    def share(label: int, index: int) -> float:
        return round(float(((band[labels == label] == index).sum() + 0.5) / ((labels == label).sum() + 1.5)), 6)

    return {name: {"pneumonia": share(1, i), "other": share(0, i)} for i, name in enumerate(BANDS)}


def _ppv_table(rates: dict) -> dict:
    return {
        band: {
            f"{prevalence:.2f}": round(share_with_pneumonia(rates[band], prevalence), 4) for prevalence in PREVALENCES
        }
        for band in BANDS
    }


def _provenance(config, about: dict) -> dict:
    from ml import train

    training, validation = train.samples(config)
    films = len(training) + len(validation)
    left_out = len(data.load(Path(config.data))) - films if config.exclude else 0
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
        | {"films": films, "left_out": left_out},
        "split": {"by": "patient", "seed": config.seed, "fraction": config.validation} | sides,
        "age_range": about["age_range"],
        "limits": about["limits"],
        "credit": about["credit"],
    }
