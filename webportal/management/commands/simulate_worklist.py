"""`manage.py simulate_worklist`: what the order of the worklist costs whom, against first come, first served."""

import csv
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from django.core.management.base import BaseCommand, CommandError

from ml import registry
from screening import simulation
from screening.models.people import Policy

POLICIES = (Policy.FIFO, Policy.PROBABILITY, Policy.DUE_TIME)


class Command(BaseCommand):
    help = "Simulate a reading room under each order of the worklist, with the shipped model's validation scores."

    def add_arguments(self, parser):
        parser.add_argument("--model", default="default", help="whose validation scores are resampled")
        parser.add_argument("--seeds", type=int, default=20)
        parser.add_argument("--days", type=int, default=120)
        parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure here as well")

    def handle(self, *, model, seeds, days, json: Path | None, **_):
        scores = validation_scores(model)
        world = simulation.World(days=days)
        worlds = {
            "this model, reading day and night": (world, scores),
            "a worthless model": (world, worthless(scores)),
            # Three readers: one cannot read a day's films in nine hours.
            "this model, three readers from 8 to 17": (replace(world, hours=(8, 17), readers=3), scores),
        }
        found = {name: simulation.compare(each, of, POLICIES, seeds) for name, (each, of) in worlds.items()}
        for name, policies in found.items():
            self.stdout.write(table(name, policies))
        if json:
            write(json, {"world": asdict(world), "seeds": seeds, "minutes": found})


def validation_scores(model):
    """(p of films with pneumonia, p of the others, upper end of "less likely") from the file beside the card."""
    card = registry.load_card(model)
    path = card.weights_path.with_name(f"{model}.validation.csv")
    try:
        with path.open(newline="") as file:
            rows = [(row["label"] == "PNEUMONIA", float(row["p"])) for row in csv.DictReader(file)]
    except (OSError, KeyError, ValueError) as error:
        raise CommandError(f"The validation scores of model {model} cannot be read from {path.name}.") from error
    sick, other = (np.array([p for label, p in rows if label is wanted]) for wanted in (True, False))
    return sick, other, card.operating_points["uncertain"]


def worthless(scores):
    """The same scores, dealt out without regard to the truth: AUC 0.5."""
    sick, other, below = scores
    everything = np.concatenate([sick, other])
    return everything, everything, below


def table(name, policies):
    """Waits in minutes with their ratio to first come, first served, as lines to print."""
    lines = [f"\n{name}", f"{'':14}{'pneumonia':>22}{'missed by the AI':>22}{'without':>22}{'all':>22}"]
    fifo = policies[Policy.FIFO]
    for policy, groups in policies.items():
        for figure in ("mean", "max"):
            cells = [f"{groups[g][figure]:8.0f} ({ratio(groups[g][figure], fifo[g][figure])})" for g in groups]
            lines.append(f"{policy + ' ' + figure:<17}" + "".join(f"{cell:>22}" for cell in cells))
    return "\n".join(lines)


def ratio(value, base):
    return f"{value / base:.2f} x FIFO" if base else "-"


def write(path, figures):
    path.write_text(json.dumps(figures, indent=2) + "\n")
