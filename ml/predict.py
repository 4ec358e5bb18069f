"""Score files through the path that serves."""

from pathlib import Path

from ml import calibrate, pixels, preprocess
from ml.card import Card
from ml.data import DataError
from ml.progress import track


def predict(card: Card, files: list[Path]) -> list[dict]:
    """One dict a file as plain JSON: outcome "scored" with probability and band, or "unreadable" with the reason."""
    missing = [path for path in files if not path.exists()]
    if missing:
        raise DataError(f"There is no file {missing[0]}.")
    from ml.runtime import auto  # takes seconds, and the files may be wrong

    model = auto.load(card)
    return [score(card, model, path) for path in track("scoring")(files)]


def score(card: Card, model, path: Path) -> dict:
    """The dict of one file; `model` is a runtime's.

    Outside the card's ages, or its domain, the band is "uncertain" whatever the score.
    """
    row = {"file": str(path), "model": f"{card.name} {card.version}"}
    try:
        film = pixels.read(path.read_bytes())
    except pixels.Unreadable as error:
        return row | {"outcome": "unreadable", "reason": error.code, "sentence": error.sentence}
    except OSError as error:
        return row | {"outcome": "unreadable", "reason": "no_file", "sentence": f"{error.strerror}."}
    tensor = preprocess.to_tensor(pixels.model_grey(film), card.input_side)
    return row | _answer(card, model.predict(tensor[None]), film.header.age_years)


def _answer(card: Card, answers, age_years: float | None) -> dict:
    logit, distance = float(answers.logits[0]), float(answers.distances[0])
    p = card.calibrate(logit)
    gates = {"outside_age": not card.covers(age_years), "outside_domain": not card.in_domain(distance)}
    found = {
        "outcome": "scored",
        "probability": round(p, 6),
        "prevalence": calibrate.REFERENCE_PREVALENCE,  # for which the probability holds
        "band": "uncertain" if any(gates.values()) else card.band(p),
        **gates,
        "logit": round(logit, 6),
        "distance": None if card.domain is None else round(distance, 6),
    }
    if answers.classes is not None:  # research only
        _, bacterial, viral = (round(float(each), 6) for each in answers.classes[0])
        found["research_only"] = {"bacterial": bacterial, "viral": viral}
    return found
