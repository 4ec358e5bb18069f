"""The gate: a model passes where its precision, recall and accuracy on its own held-out patients are high enough.

It reads what a finished training left: the card, whose split is by patient, and its validation scores. Strictness is
on the point estimate; the 95 % interval is shown beside it, and may reach below the limit of a model that passes.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml import card as cards
from ml import metrics, registry
from ml.card import Card
from ml.data import DataError

RATE = {"precision": "precision", "recall": "sensitivity", "accuracy": "accuracy"}
ROUNDING = 2e-4  # of the card's figures, and a film that sits on the threshold


@dataclass(frozen=True)
class Limit:
    value: float
    strict: bool = True  # the figure must be above it; else it may equal it


# The targets that a recipe was written for.
RECIPES = {"cnn156": {"precision": Limit(0.92), "recall": Limit(0.95), "accuracy": Limit(0.90, strict=False)}}


def limits(of: Card, recipe: str | None, given: dict[str, float | None]) -> dict[str, Limit]:
    """What must hold: the recipe's limits (default the card's own), those `given` in their place; raises DataError."""
    if recipe and recipe not in RECIPES:
        raise DataError(f"No recipe {recipe} has limits: give --recipe {' or '.join(RECIPES)}, or leave it out.")
    usual = RECIPES.get(recipe or of.architecture, {})
    found = usual | {
        name: Limit(value, name not in usual or usual[name].strict)
        for name, value in given.items()
        if value is not None
    }
    if not found:
        raise DataError(
            f"{recipe or of.architecture} has no limits of its own: give --precision, --recall or --accuracy, or "
            f"--recipe {' or '.join(RECIPES)}."
        )
    return found


def judge(of: Card, wanted: dict[str, Limit], threshold: float | None = None) -> dict:
    """Plain JSON: passed, threshold, and each figure with interval and limit. threshold: on the calibrated p."""
    labels, p = held_out(of)
    at = of.operating_points["likely"] if threshold is None else threshold
    point = metrics.operating_point(labels, p, at)
    rows = [_row(name, limit, point[RATE[name]]) for name, limit in wanted.items()]
    split = {"by": of.split["by"], "films": len(labels), "patients": of.figures["patients"]}
    return {
        "model": f"{of.name} {of.version}",
        "split": split,
        "threshold": at,
        "shipped_threshold": threshold is None,
        "figures": rows,
        "passed": all(row["passed"] for row in rows),
    }


def _row(name: str, limit: Limit, rate: dict) -> dict:
    exact = rate["hits"] / rate["of"] if rate["of"] else 0.0  # a rounded 0.92 may be below 0.92
    passed = exact > limit.value if limit.strict else exact >= limit.value
    return {"name": name, **rate, "limit": limit.value, "strict": limit.strict, "passed": passed}


def find_card(run_or_card: Path) -> Card:
    """The card given, or the one that a finished training left in its run folder; raises DataError."""
    if not run_or_card.is_dir():
        return registry.load_card(run_or_card)
    found = sorted(run_or_card.glob("*.weights.h5"))
    found = [path for weights in found if (path := weights.with_name(f"{weights.name[:-11]}.json")).is_file()]
    if not found:
        raise DataError(f"{run_or_card} holds no card: let its training finish, or give the card itself.")
    if len(found) > 1:
        raise DataError(f"{run_or_card} holds several cards, {', '.join(path.name for path in found)}: give one.")
    return cards.load(found[0])


def held_out(of: Card) -> tuple[np.ndarray, np.ndarray]:
    """((n,) labels, (n,) calibrated p) of the card's validation films, from NAME.validation.csv beside it.

    Raises DataError where it is not there, or is of another model: the card's figures must follow from it.
    """
    path = of.path.with_name(f"{of.path.stem}.validation.csv")
    try:
        with path.open(newline="") as file:
            rows = [(row["label"] == "PNEUMONIA", float(row["p"])) for row in csv.DictReader(file)]
    except (OSError, KeyError, ValueError, TypeError):
        raise DataError(f"{path} cannot be read: it lies beside its card, and python -m ml merge makes both.") from None
    labels, p = (np.array(column) for column in zip(*rows, strict=True)) if rows else (np.zeros(0), np.zeros(0))
    point = metrics.operating_point(labels.astype(int), p, of.operating_points["likely"])
    fits = len(labels) == of.figures["films"] and all(
        abs((point[rate]["value"] or 0) - of.figures[rate]) <= ROUNDING for rate in RATE.values()
    )
    if of.split.get("by") != "patient" or not fits:
        raise DataError(f"{path} does not give the figures of {of.path.name}: make both anew, python -m ml merge.")
    return labels.astype(int), p
