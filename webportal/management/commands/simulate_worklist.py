"""`manage.py simulate_worklist`: what the order of the worklist costs whom, against first come, first served."""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from ml.data import DataError
from screening import goals, simulation
from screening.models.people import Policy
from webportal.shipped_scores import validation_scores

# One reader cannot read a day's films in nine hours.
OFFICE = {"hours": (8, 17), "readers": 3}
FEWEST_SEEDS = 2


class Command(BaseCommand):
    help = "Simulate a reading room under each order of the worklist, with the shipped model's validation scores."

    def add_arguments(self, parser):
        parser.add_argument("--model", default="default", help="whose validation scores are resampled")
        parser.add_argument("--seeds", type=int, default=20, help="2 or more: the intervals are over them")
        parser.add_argument("--days", type=int, default=120)
        parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure here as well")
        parser.add_argument("--check", action="store_true", help="exit with 1 where a goal is not met")

    def handle(self, *, model, seeds, days, json: Path | None, check, **_):
        if seeds < FEWEST_SEEDS or days < 1:
            raise CommandError("It takes a day and two seeds at least: the intervals are over the seeds.")
        try:
            _, scores = validation_scores(model)
        except DataError as error:
            raise CommandError(str(error)) from error
        world = simulation.World(days=days)
        found = goals.outcome(world, scores, seeds)
        office = goals.outcome(replace(world, **OFFICE), scores, seeds)
        worlds = {
            "this model, reading day and night": found.compared,
            "a worthless model": found.worthless,
            "this model, three readers from 8 to 17": office.compared,
        }
        over = f"mean ratio over {seeds} seeds with its 95 % interval"
        for name, compared in worlds.items():
            self.stdout.write(table(name, compared.means()))
        judged, beside = found.judged(), office.judged()
        self.stdout.write(verdicts(judged, f"goals by due time, day and night; {over}"))
        self.stdout.write(verdicts(beside, f"beside it, three readers from 8 to 17; {over}", goal=False))
        if json:
            figures = {name: compared.means() for name, compared in worlds.items()}
            said = {"goals": [as_json(each) for each in judged], "beside": [as_json(each) for each in beside]}
            write(json, {"world": asdict(world), "seeds": seeds, "minutes": figures, **said})
        if check and not all(each.met for each in judged):
            sys.exit(1)


def table(name, policies):
    """Waits in minutes with their ratio to first come, first served, as lines to print."""
    lines = [f"\n{name}", f"{'':17}{'pneumonia':>22}{'missed by the AI':>22}{'without':>22}{'all':>22}"]
    fifo = policies[Policy.FIFO]
    for policy, groups in policies.items():
        for figure in ("mean", "p95", "max"):
            cells = [f"{groups[g][figure]:8.0f} ({ratio(groups[g][figure], fifo[g][figure])})" for g in groups]
            lines.append(f"{policy + ' ' + figure:<17}" + "".join(f"{cell:>22}" for cell in cells))
    return "\n".join(lines)


def ratio(value, base):
    return f"{value / base:.2f} x FIFO" if base else "-"


def verdicts(judged, title, goal=True):
    """The goals, each with its ratio and 95 % interval, as lines to print; `goal`: whether they are to be met here."""
    lines = [f"\n{title}"]
    for each in judged:
        verdict = ("pass" if each.met else "FAIL") if goal else ""
        bound = f", at most {each.goal.most:.2f} x FIFO" if goal else ""
        lines.append(f"{verdict:<6}{f'{each.goal.words}{bound}':<78}{interval(each.ratio):>24}")
    return "\n".join(lines)


def interval(reached):
    return f"{reached.mean:.3f} ({reached.low:.3f} to {reached.high:.3f})" if reached else "no such film"


def as_json(judged):
    return asdict(judged) | {"met": judged.met}


def write(path, figures):
    path.write_text(json.dumps(figures, indent=2, default=str) + "\n")
