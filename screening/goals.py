"""What the order must hold in the simulated reading room before a department switches it on."""

from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext_lazy as _

from screening.models.people import Policy
from screening.simulation import Compared, Ratio, compare

POLICIES = (Policy.FIFO, Policy.PROBABILITY, Policy.DUE_TIME)


@dataclass(frozen=True)
class Goal:
    """At most so many times first come, first served's figure, for one group of films."""

    words: str
    group: str
    figure: str
    most: float
    worthless: bool = False  # held with scores that say nothing of the truth


GOALS = (
    Goal(_("Pneumonia: the mean wait"), "pneumonia", "mean", 0.45),
    Goal(_("Pneumonia that the AI missed: the mean wait"), "missed", "mean", 1.10),
    Goal(_("All films: the longest wait"), "all", "max", 1.10),
    Goal(_("All films: the longest wait, with a worthless model"), "all", "max", 1.10, worthless=True),
)


@dataclass(frozen=True)
class Judged:
    """A goal and what the due times reached; `ratio` is None where no film was of its group."""

    goal: Goal
    ratio: Ratio | None

    @property
    def met(self):
        return self.ratio is None or self.ratio.mean <= self.goal.most


@dataclass(frozen=True)
class Outcome:
    """One world with a model's scores, and the same with the scores dealt out without regard to the truth."""

    compared: Compared
    worthless: Compared

    def judged(self):
        """The GOALS, each Judged by its ratio, the mean over the seeds."""
        return [
            Judged(goal, (self.worthless if goal.worthless else self.compared).ratio(
                Policy.DUE_TIME, goal.group, goal.figure
            ))
            for goal in GOALS
        ]  # fmt: skip


def outcome(world, scores, seeds, policies=POLICIES):
    """The Outcome of a `simulation.World`; `scores` as `simulation.draw` takes them."""
    return Outcome(compare(world, scores, policies, seeds), compare(world, worthless(scores), policies, seeds))


def worthless(scores):
    """The same scores, dealt out without regard to the truth: AUC 0.5."""
    sick, other, below = scores
    everything = np.concatenate([sick, other])
    return everything, everything, below
