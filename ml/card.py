"""The model card: what must be known of a model to use its score. It lies beside the weights, as JSON."""

import json
import os
import re
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

from ml import calibrate
from ml.data import DataError

SCHEMA = 2
BANDS = ("likely", "uncertain", "less_likely")
PREVALENCES = (0.05, 0.10, 0.20, 0.30)
MOST_TOLERANCE = 0.1  # of the canary: more would take another model for this one
CLASSES = (["normal", "pneumonia"], ["normal", "bacterial", "viral"])


@dataclass(frozen=True)
class Card:
    """One model version. Probabilities and thresholds hold at calibrate.REFERENCE_PREVALENCE unless said."""

    name: str
    version: str
    architecture: str  # of its one member, or "ensemble"
    members: list  # {"architecture", "side", "started_from"} of each network; the logit is the mean of theirs
    classes: list  # one of CLASSES; where there are three, p = 1 - P(normal), and the other two are research only
    input_side: int
    preprocess_version: str
    weights: str  # file name beside the card
    weights_sha256: str
    data: dict  # what it learned from: name, manifest_sha256, films; left_out: films of patients kept for other tests
    split: dict  # how validation was set apart: by, seed, fraction, films and patients of each side
    temperature: float
    calibration_prevalence: float
    calibration: dict  # {"before": {"ece", "brier"}, "after": {...}} on validation films
    operating_points: dict  # {"likely": lowest p of the band, "uncertain": lowest p of the band}
    band_rates: dict  # {band: {"pneumonia": share of those films, "other": share of the others}} in validation
    ppv_table: dict  # {band: {prevalence: share with pneumonia}}, for people; `ppv` gives any prevalence
    figures: dict  # validation, with 95 % intervals
    domain: dict | None  # {"components", "limit", "false_reject": {"value", "interval", "films"}}; None: not judged
    canary: dict  # {"seed", "logit", "tolerance"}: what the phantom of that seed must score after every load
    age_range: list | None  # years, both ends included
    limits: list
    credit: str
    curves: list  # one dict an epoch; of an ensemble each with its "member"
    report: str  # file name beside the card
    audit: dict | None = None  # what shortcuts alone would reach
    calibration_data: dict | None = None  # the local films that calibrated it, where those of `split` did not
    schema: int = SCHEMA
    path: Path = Path()  # of the card itself; not part of the JSON

    def __post_init__(self) -> None:
        try:
            problem = _problem(self)
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            problem = f"a value has the wrong form ({error})"
        if problem:
            raise CardError(f"Card {self.name}: {problem}. Make it again: python -m ml merge RUN... --out FOLDER.")

    @property
    def weights_path(self) -> Path:
        return self.path.parent / self.weights

    @property
    def report_path(self) -> Path:
        return self.path.parent / self.report

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

    def in_domain(self, distance: float | None) -> bool:
        """Whether a film looks like those that the model knows. Always where the card has no domain; NaN is outside."""
        return self.domain is None or (distance is not None and bool(distance <= self.domain["limit"]))

    def ppv(self, band: str, prevalence: float) -> float:
        """Share with pneumonia among the films of a band where pneumonia has `prevalence` (0..1)."""
        return share_with_pneumonia(self.band_rates[band], prevalence)


def is_name(text: str) -> bool:
    """Whether a model may be called so: it names files, and an address holds it."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", text) is not None


def is_version(text: str) -> bool:
    """Whether a version may be called so: the ledger keeps as much."""
    return 0 < len(text) <= 32


class CardError(DataError):
    """The card is absent, unreadable or incomplete; the message says what is wrong."""


def _problem(card: Card) -> str:
    """What makes a card unusable, or ""; may raise on values of another type than declared."""
    likely, uncertain = card.operating_points.get("likely"), card.operating_points.get("uncertain")
    beside = {"weights": (card.weights, ".weights.h5"), "report": (card.report, ".html")}
    misnamed = [key for key, (name, end) in beside.items() if Path(name).name != name or not name.endswith(end)]
    checks = {
        "operating points must be 0 < uncertain < likely < 1": likely is not None
        and uncertain is not None
        and 0 < uncertain < likely < 1,
        "it has no usable calibration": card.temperature > 0 and 0 < card.calibration_prevalence < 1,
        f"{' and '.join(misnamed)} must name a file beside the card (.weights.h5, .html)": not misnamed,
        "classes must be two (normal, pneumonia) or three (normal, bacterial, viral)": card.classes in CLASSES,
        "it needs members, each with its architecture and the side of the input": card.members
        and all(m["architecture"] and m["side"] == card.input_side for m in card.members),
        "its domain needs components and a limit": card.domain is None
        or (card.domain["components"] > 0 and card.domain["limit"] > 0),
        f"it has no canary (seed, logit, tolerance up to {MOST_TOLERANCE})": card.canary["seed"] >= 0
        and 0 < card.canary["tolerance"] <= MOST_TOLERANCE
        and isinstance(card.canary["logit"], float | int),
        "its age range must be two numbers of years, the lower first, or none": is_age_range(card.age_range),
        f"its band rates need {', '.join(BANDS)}, each with pneumonia and other": all(
            0 <= card.band_rates[band][of] <= 1 for band in BANDS for of in ("pneumonia", "other")
        ),
        "its figures need an auc": isinstance(card.figures.get("auc"), float | int),
        "it needs its split, and the version of its pixel path": isinstance(card.split, dict)
        and isinstance(card.preprocess_version, str),
    }
    return next((sentence for sentence, holds in checks.items() if not holds), "")


def is_age_range(found) -> bool:
    """Whether it is [low, high] in years, or None: not known."""
    if found is None:
        return True
    numbers = isinstance(found, list) and len(found) == 2 and all(type(each) in (int, float) for each in found)
    return numbers and 0 <= found[0] <= found[1]


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
        raise CardError(
            f"{path} is not a model card: it cannot be read as JSON. Copy it anew from its source."
        ) from None
    return read(content, path)


def read(content: dict, path: Path) -> Card:
    """The card of parsed JSON that lies, or is to lie, at `path`; raises CardError."""
    if not isinstance(content, dict):
        raise CardError(f"{path} is not a model card: it holds no JSON object.")
    _check_schema(content, path)
    optional = {field.name for field in fields(Card) if field.default is not MISSING} - {"path"}
    wanted = {field.name for field in fields(Card)} - {"path"} - optional
    missing = sorted(wanted - content.keys())
    if missing:
        raise CardError(f"{path} is not a complete model card: {', '.join(missing)} missing.")
    return Card(**{name: content[name] for name in wanted | (optional & content.keys())}, path=path)


def _check_schema(content: dict, path: Path) -> None:
    found = content.get("schema", 1 if "weights" in content else SCHEMA)
    if found == SCHEMA:
        return
    if isinstance(found, int) and found > SCHEMA:
        raise CardError(f"{path} is a card of schema {found}, this FirstRead reads schema {SCHEMA}: update FirstRead.")
    raise CardError(
        f"{path} is a card of schema {found}, this FirstRead reads schema {SCHEMA}: make it anew from the run of its "
        "training, python -m ml merge RUN --out FOLDER."
    )


def save(content: dict, path: Path) -> Card:
    """Write a card, checked as `load` checks it, in one step: a card is never half written."""
    content = {"schema": SCHEMA} | content
    card = read(content, path)
    draft = path.with_suffix(f".{os.getpid()}.draft")
    draft.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)
    return card
