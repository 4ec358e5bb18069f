"""The canary: one phantom film whose logit the card knows. A model that scores it otherwise is not what was judged."""

from functools import cache

from ml import phantom, preprocess
from ml.card import Card
from ml.data import DataError

SEED = 2018
TOLERANCE = 0.02  # of the logit: runtimes differ by some 1e-4, half precision on a GPU by some 1e-3


class CanaryMismatch(DataError):
    """The loaded model does not score the canary as its card says."""


@cache
def film(seed: int, side: int):
    """(1, side, side) uint8: the phantom of a seed, with opacity."""
    return preprocess.to_tensor(phantom.draw(seed, True), side)[None]


def check(card: Card, model) -> None:
    """Raise CanaryMismatch unless `model` (a runtime's) scores the card's phantom as it did when the card was made."""
    wanted, tolerance = card.canary["logit"], card.canary["tolerance"]
    found = float(model.predict(film(card.canary["seed"], card.input_side)).logits[0])
    if not abs(found - wanted) <= tolerance:  # also where it is NaN
        raise CanaryMismatch(
            f"Model {card.name} {card.version} scores its canary {found:.4f} and not {wanted:.4f}: what is loaded is "
            "not what was judged. Install the model and FirstRead's packages anew."
        )
