"""Which models there are, and their weights, checked before they are loaded."""

import hashlib
from pathlib import Path

from ml import architectures, card
from ml.card import Card
from ml.data import DataError
from ml.preprocess import PREPROCESS_VERSION

WEIGHTS = Path(__file__).parent / "weights"


class WeightsMismatch(DataError):
    """The weights are not the ones that the card describes."""


def available() -> list[Card]:
    """The cards of the shipped models, by name."""
    return [card.load(path) for path in sorted(WEIGHTS.glob("*.json"))]


def load_card(name_or_path: str | Path) -> Card:
    """A shipped model's card by name, or any card by path; raises card.CardError."""
    if Path(name_or_path).suffix == ".json":
        return card.load(Path(name_or_path))
    names = [path.stem for path in sorted(WEIGHTS.glob("*.json"))]
    if str(name_or_path) not in names:
        raise card.CardError(f"There is no model {name_or_path}; give a path to a card, or one of: {', '.join(names)}.")
    return card.load(WEIGHTS / f"{name_or_path}.json")


def verify(of: Card) -> None:
    """Raise WeightsMismatch unless the weights file is there and has the card's SHA-256."""
    try:
        found = hashlib.sha256(of.weights_path.read_bytes()).hexdigest()
    except OSError:
        raise WeightsMismatch(f"The weights of model {of.name} {of.version} are not beside their card.") from None
    if found != of.weights_sha256:
        raise WeightsMismatch(f"The weights of model {of.name} {of.version} differ from their card: SHA-256 {found}.")


def build(of: Card):
    """The Keras model of a card, weights checked and loaded into the architecture that our code defines.

    Never keras.models.load_model: a model file can carry code. Raises WeightsMismatch, or card.CardError for a model
    that learned from pictures of another pixel path.
    """
    verify(of)
    if of.preprocess_version != PREPROCESS_VERSION:
        raise card.CardError(
            f"Model {of.name} {of.version} was trained on pictures of {of.preprocess_version}; this is "
            f"{PREPROCESS_VERSION}. Train it again."
        )
    try:
        model = architectures.get(of.architecture).build(of.input_side)
        model.load_weights(of.weights_path)
    except (ValueError, OSError, KeyError) as error:
        raise WeightsMismatch(f"The weights of model {of.name} {of.version} do not fit {of.architecture}.") from error
    return model
