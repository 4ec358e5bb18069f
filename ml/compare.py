"""The table of all systems: what each is, how it was trained, and how good it is on its held-out patients."""

import time
from pathlib import Path

import numpy as np

from ml import gate, registry
from ml.card import Card

WARM, TIMED = 5, 30  # films


def row(run_or_card: Path, timed: bool = True) -> dict:
    """One system as plain JSON, from a run folder that holds a card, or from a card; raises DataError.

    timed: also how long one film takes at batch 1 in the runtime that this machine would choose.
    """
    card = gate.find_card(run_or_card)
    figures = card.figures
    return {
        "run": str(run_or_card),
        "model": f"{card.name} {card.version}",
        "architecture": _networks(card),
        "side": card.input_side,
        "classes": len(card.classes),
        "started_from": _started_from(card),
        "films": card.split["training"]["films"],
        "epochs": len(card.curves),
        "parameters": parameters(card),
        "megabytes": round(card.weights_path.stat().st_size / 1e6, 1),
        "auc": {"value": figures["auc"], "interval": figures["intervals"]["auc"]},
        **{
            name: {"value": figures[name], "interval": figures["intervals"][name]}
            for name in ("sensitivity", "specificity", "accuracy")
        },
        "ece": figures["ece"],
        "validation": {"films": figures["films"], "patients": figures["patients"]},
        "ms_a_film": milliseconds(card) if timed else None,
    }


def _networks(card: Card) -> str:
    names = [member["architecture"] for member in card.members]
    return ", ".join(
        f"{names.count(name)} x {name}" if names.count(name) > 1 else name for name in dict.fromkeys(names)
    )


def _started_from(card: Card) -> str:
    """What the networks' weights were before training: no (chance), imagenet (by Keras), or the files."""
    return ", ".join(dict.fromkeys(member.get("started_from", "unknown") for member in card.members))


def parameters(card: Card) -> int:
    """How many weights the networks have; without the layer that measures the domain."""
    model = registry.assemble(card)
    domain = [layer.count_params() for layer in model.layers if layer.name == "domain"]
    return model.count_params() - sum(domain)


def milliseconds(card: Card) -> float:
    """Median wall time of one film at batch 1, warm."""
    from ml import canary
    from ml.runtime import auto

    model, film = auto.load(card), canary.film(canary.SEED, card.input_side)
    times = []
    for _ in range(WARM + TIMED):
        start = time.perf_counter()
        model.predict(film)
        times.append(1000 * (time.perf_counter() - start))
    return round(float(np.median(times[WARM:])), 1)


WHAT = {
    "architecture": "architecture",
    "side": "side",
    "classes": "classes",
    "started_from": "started from",
    "films": "films",
    "epochs": "epochs",
    "parameters": "parameters",
    "megabytes": "MB",
    "ms_a_film": "ms a film",
}
HOW_GOOD = {
    "auc": "AUC",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "accuracy": "accuracy",
    "ece": "ECE",
}


def cells(found: dict, columns: dict) -> list[str]:
    """The text of a row, a cell a column."""
    return [_cell(found[name]) for name in columns]


def _cell(value) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return "{:.3f} ({:.3f} to {:.3f})".format(value["value"], *value["interval"])
    return f"{value:,}" if isinstance(value, int) else str(value)


def markdown(rows: list[dict]) -> str:
    columns = WHAT | HOW_GOOD
    lines = [list(columns.values()), ["---"] * len(columns), *(cells(found, columns) for found in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
