"""Score files through the path that serves."""

from pathlib import Path

from ml import pixels, preprocess
from ml.card import Card
from ml.data import DataError
from ml.progress import track


def predict(card: Card, files: list[Path]) -> list[dict]:
    """One dict a file as plain JSON: outcome "scored" with probability and band, or "unreadable" with the reason."""
    missing = [path for path in files if not path.is_file()]
    if missing:
        raise DataError(f"There is no file {missing[0]}.")
    from ml.runtime import tensorflow  # takes seconds, and the files may be wrong

    model = tensorflow.load(card)
    return [score(card, model, path) for path in track("scoring")(files)]


def score(card: Card, model, path: Path) -> dict:
    """The dict of one file; `model` is a runtime's. Outside the card's ages the band is "uncertain" either way."""
    row = {"file": str(path), "model": f"{card.name} {card.version}"}
    try:
        film = pixels.read(path.read_bytes())
    except pixels.Unreadable as error:
        return row | {"outcome": "unreadable", "reason": error.code, "sentence": error.sentence}
    tensor = preprocess.to_tensor(pixels.model_grey(film), card.input_side)
    logit = float(model.predict(tensor[None])[0])
    p = card.calibrate(logit)
    band = card.band(p) if card.covers(film.header.age_years) else "uncertain"
    return row | {"outcome": "scored", "probability": round(p, 6), "band": band, "logit": round(logit, 6)}
