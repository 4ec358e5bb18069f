"""Which models there are, and their weights, checked before they are loaded."""

import hashlib
import warnings
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
    return [card.load(path) for path in _shipped()]


def _shipped() -> list[Path]:
    """A report lies beside its card and ends in .json too."""
    return sorted(path for path in WEIGHTS.glob("*.json") if "." not in path.stem)


def load_card(name_or_path: str | Path) -> Card:
    """A shipped model's card by name, or any card by path; raises card.CardError."""
    path = Path(name_or_path)
    if path.suffix == ".json":
        return card.load(path)
    if path.suffix in (".keras", ".h5"):
        raise card.CardError(
            f"{path.name} is no card. A model file can carry code, so FirstRead loads none: give the card beside the "
            "weights, NAME.json; python -m ml train or merge writes both."
        )
    names = [path.stem for path in _shipped()]
    if str(name_or_path) not in names:
        raise card.CardError(f"There is no model {name_or_path}; give a path to a card, or one of: {', '.join(names)}.")
    return card.load(WEIGHTS / f"{name_or_path}.json")


def verify(of: Card) -> None:
    """Raise WeightsMismatch unless the weights file is there and has the card's SHA-256."""
    try:
        found = hashlib.sha256(of.weights_path.read_bytes()).hexdigest()
    except OSError:
        raise WeightsMismatch(
            f"The weights of model {of.name} {of.version} are not beside their card: put {of.weights} there."
        ) from None
    if found != of.weights_sha256:
        raise WeightsMismatch(
            f"The weights of model {of.name} {of.version} differ from their card: SHA-256 {found}. Copy {of.weights} "
            "anew from where the card came from."
        )


def check(of: Card) -> None:
    """Raise card.CardError unless this FirstRead makes the pictures that the model learned from."""
    if of.preprocess_version != PREPROCESS_VERSION:
        raise card.CardError(
            f"Model {of.name} {of.version} was trained on pictures of {of.preprocess_version}; this is "
            f"{PREPROCESS_VERSION}. Train it again, or run the FirstRead that it came with."
        )


def require_report(of: Card) -> Path:
    """The report that the card names; raises card.CardError where it is not there."""
    if not of.report_path.is_file():
        raise card.CardError(
            f"Model {of.name} {of.version} has no report: {of.report} is not beside its card. Copy it there, or make "
            "both again: python -m ml merge RUN... --out FOLDER."
        )
    return of.report_path


def build(of: Card):
    """The served Keras model of a card (see ml.outputs), weights checked and loaded into what our code defines.

    Never keras.models.load_model: a model file can carry code. Raises WeightsMismatch, or card.CardError for a model
    that learned from pictures of another pixel path or whose architecture is not known here.
    """
    check(of)
    verify(of)
    model = assemble(of)
    load_weights(model, of)
    verify(of)  # again: what was loaded is what was checked, though the file was replaced meanwhile
    return model


def assemble(of: Card):
    """The served Keras model of a card with weights of chance; raises card.CardError for unknown architectures."""
    from ml import outputs  # Keras

    unknown = {member["architecture"] for member in of.members} - set(architectures.NAMES)
    if unknown:
        raise card.CardError(
            f"Model {of.name} {of.version} needs the architecture {', '.join(sorted(unknown))}, which this FirstRead "
            f"does not have (it has {', '.join(architectures.NAMES)}): update FirstRead."
        )
    members = [architectures.get(m["architecture"]).build(m["side"], classes=len(of.classes)) for m in of.members]
    return outputs.served(members, len(of.classes), of.domain and of.domain["components"])


def load_weights(model, of: Card) -> None:
    """Fill `model` from the card's file; raises WeightsMismatch for a file that is cut off or of another shape."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Keras only warns where layers keep the weights of chance
            model.load_weights(of.weights_path)
    except (ValueError, OSError, KeyError, IndexError, RuntimeError, UserWarning) as error:
        raise WeightsMismatch(
            f"The weights of model {of.name} {of.version} do not fit {of.architecture}: {of.weights} is cut off, or "
            "of another shape. Copy it anew, or make it again: python -m ml merge RUN... --out FOLDER."
        ) from error
