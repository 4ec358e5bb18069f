"""The model card: what must be known of a model to use its score. It lies beside the weights, as JSON."""

import json
from dataclasses import dataclass, fields
from pathlib import Path

from ml import calibrate
from ml.data import DataError

BANDS = ("likely", "uncertain", "less_likely")
PREVALENCES = (0.05, 0.10, 0.20, 0.30)


@dataclass(frozen=True)
class Card:
    """One model version. Probabilities and thresholds hold at calibrate.REFERENCE_PREVALENCE unless said."""

    name: str
    version: str
    architecture: str
    input_side: int
    preprocess_version: str
    weights: str  # file name beside the card
    weights_sha256: str
    data: dict  # what it learned from: name, manifest_sha256, films; left_out: films of patients kept for other tests
    split: dict  # how validation was set apart: by, seed, fraction, films and patients of each side
    temperature: float
    calibration_prevalence: float
    operating_points: dict  # {"likely": lowest p of the band, "uncertain": lowest p of the band}
    band_rates: dict  # {band: {"pneumonia": share of those films, "other": share of the others}} in validation
    ppv_table: dict  # {band: {prevalence: share with pneumonia}}, for people; `ppv` gives any prevalence
    figures: dict  # validation, with 95 % intervals
    age_range: list | None  # years, both ends included
    limits: list
    credit: str
    curves: list  # one dict an epoch
    path: Path = Path()  # of the card itself; not part of the JSON

    def __post_init__(self) -> None:
        likely, uncertain = self.operating_points.get("likely"), self.operating_points.get("uncertain")
        if likely is None or uncertain is None or not 0 < uncertain < likely < 1:
            raise CardError(f"Card {self.name}: operating points must be 0 < uncertain < likely < 1.")
        if not self.temperature > 0 or not 0 < self.calibration_prevalence < 1:
            raise CardError(f"Card {self.name}: it has no usable calibration.")
        if Path(self.weights).name != self.weights or not self.weights.endswith(".weights.h5"):
            raise CardError(f"Card {self.name}: weights must name a .weights.h5 file beside the card.")

    @property
    def weights_path(self) -> Path:
        return self.path.parent / self.weights

    def calibrate(self, logit):
        """p in 0..1 at the reference prevalence of 20 %: a float for a float, an array for an array."""
        p = calibrate.probability(logit, self.temperature, self.calibration_prevalence)
        return p if getattr(logit, "ndim", 0) else float(p)

    def band(self, p: float) -> str:
        """The band of a p at the reference prevalence."""
        if p >= self.operating_points["likely"]:
            return "likely"
        return "uncertain" if p >= self.operating_points["uncertain"] else "less_likely"

    def covers(self, age_years: float | None) -> bool:
        """Whether a patient's age is within what the model was trained on; an unknown age counts as within.

        A child of five is five until the sixth birthday.
        """
        if age_years is None or self.age_range is None:
            return True
        return self.age_range[0] <= age_years < self.age_range[1] + 1

    def ppv(self, band: str, prevalence: float) -> float:
        """Share with pneumonia among the films of a band where pneumonia has `prevalence` (0..1)."""
        return share_with_pneumonia(self.band_rates[band], prevalence)


class CardError(DataError):
    """The card is absent, unreadable or incomplete; the message says what is wrong."""


def share_with_pneumonia(rates: dict, prevalence: float) -> float:
    """Bayes: from a band's shares among films with and without pneumonia to the share of pneumonia in the band."""
    sick, other = prevalence * rates["pneumonia"], (1 - prevalence) * rates["other"]
    return sick / (sick + other)


def load(path: Path) -> Card:
    """The card in a JSON file; raises CardError."""
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CardError(f"There is no model card at {path}.") from None
    except (OSError, ValueError):
        raise CardError(f"{path} is not a model card: it cannot be read as JSON.") from None
    wanted = {field.name for field in fields(Card)} - {"path"}
    missing = sorted(wanted - content.keys()) if isinstance(content, dict) else sorted(wanted)
    if missing:
        raise CardError(f"{path} is not a complete model card: {', '.join(missing)} missing.")
    return Card(**{name: content[name] for name in wanted}, path=path)


def save(content: dict, path: Path) -> Card:
    """Write a card, checked as `load` checks it, in one step: a card is never half written."""
    card = Card(**content, path=path)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)
    return card
