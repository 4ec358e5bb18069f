"""A simulated reading room: what an order of the worklist costs whom, before a department switches it on.

The world: films arrive at 12 an hour from 8 to 20 and at 3 an hour by night; a tenth is stat, the rest routine; a fifth
has pneumonia; a read takes 7 minutes on average (lognormal). Every wait is in minutes, from arrival to the end of the
read. The rules are those of `screening.order`, called with minutes in place of instants.
"""

import heapq
from dataclasses import dataclass, field

import numpy as np

from screening import order
from screening.models import Priority
from screening.models.people import Policy

DAY = 24 * 60
CAPS = {Priority.STAT: 60.0, Priority.ROUTINE: 480.0}


@dataclass(frozen=True)
class World:
    """What the department is like. `hours` are the reader's, from and to; all day unless said."""

    days: int = 120
    day_rate: float = 12  # films an hour from 8 to 20
    night_rate: float = 3
    stat_share: float = 0.10
    prevalence: float = 0.20
    read_minutes: float = 7
    read_spread: float = 0.5  # sigma of the lognormal
    readers: int = 1
    hours: tuple[int, int] = (0, 24)


@dataclass
class Films:
    """One run's films, as arrays of the same length, in order of arrival."""

    arrived: np.ndarray
    pneumonia: np.ndarray
    p: np.ndarray
    missed: np.ndarray = field(init=False)
    priority: np.ndarray
    minutes: np.ndarray
    less_likely_below: float

    def __post_init__(self):
        self.missed = self.pneumonia & (self.p < self.less_likely_below)


def draw(world, scores, rng):
    """Films for one run. `scores`: (p of films with pneumonia, p of the others, upper end of the band less likely)."""
    hour = np.arange(world.days * 24) % 24
    counts = rng.poisson(np.where((hour >= 8) & (hour < 20), world.day_rate, world.night_rate))
    arrived = np.sort(np.repeat(np.arange(len(hour)), counts) * 60 + rng.uniform(0, 60, counts.sum()))
    pneumonia = rng.random(len(arrived)) < world.prevalence
    sick, other, below = scores
    p = np.where(pneumonia, rng.choice(sick, len(arrived)), rng.choice(other, len(arrived)))
    priority = np.where(rng.random(len(arrived)) < world.stat_share, Priority.STAT, Priority.ROUTINE)
    mu = np.log(world.read_minutes) - world.read_spread**2 / 2
    return Films(arrived, pneumonia, p, priority, rng.lognormal(mu, world.read_spread, len(arrived)), below)


class Waiting:
    """The simulated worklist: per class one heap by limit and one by due time, as the worklist has two ranges."""

    def __init__(self):
        self.heaps = {priority: ([], []) for priority in CAPS}
        self.taken = set()

    def add(self, film, priority, due, cap):
        by_limit, by_due = self.heaps[Priority(priority)]
        heapq.heappush(by_limit, (cap, film))
        heapq.heappush(by_due, (due, film))

    def take(self, now):
        """The film on top at the instant `now`, or None."""
        for by_limit, by_due in self.heaps.values():
            for heap in (by_limit, by_due):
                while heap and heap[0][1] in self.taken:
                    heapq.heappop(heap)
            if by_due:
                heap = by_limit if by_limit[0][0] <= now else by_due
                film = heapq.heappop(heap)[1]
                self.taken.add(film)
                return film
        return None


def opens(minute, hours):
    """The first instant from `minute` on at which the reading room is open."""
    start, end = hours[0] * 60, hours[1] * 60
    day, within = divmod(minute, DAY)
    if within < start:
        return day * DAY + start
    return minute if within < end else (day + 1) * DAY + start


def run(world, films, policy):
    """Minutes from arrival to the end of the read of every film, under one policy, without preemption."""
    rule = order.POLICIES[policy] if policy != Policy.PROBABILITY else lambda arrived, cap, p: 1 - p
    caps = [CAPS[Priority(priority)] for priority in films.priority]
    done = np.empty(len(films.arrived))
    waiting, free, coming = Waiting(), [0.0] * world.readers, 0
    for _ in range(len(done)):
        now = opens(heapq.heappop(free), world.hours)
        while True:
            while coming < len(done) and films.arrived[coming] <= now:
                due = rule(films.arrived[coming], caps[coming], films.p[coming])
                waiting.add(coming, films.priority[coming], due, films.arrived[coming] + caps[coming])
                coming += 1
            film = waiting.take(now)
            if film is not None:
                break
            now = opens(films.arrived[coming], world.hours)
        done[film] = now + films.minutes[film]
        heapq.heappush(free, done[film])
    return done - films.arrived


def summary(films, waits):
    """Mean, 95th percentile and maximum wait (minutes) of films that are not stat, by what they turned out to be."""
    routine = films.priority != Priority.STAT
    groups = {
        "pneumonia": routine & films.pneumonia,
        "missed": routine & films.missed,
        "other": routine & ~films.pneumonia,
        "all": routine,
    }
    return {name: _figures(waits[chosen]) for name, chosen in groups.items()}


def _figures(waits):
    if not len(waits):
        return {"mean": 0.0, "p95": 0.0, "max": 0.0}
    return {"mean": waits.mean(), "p95": np.percentile(waits, 95), "max": waits.max()}


def compare(world, scores, policies, seeds):
    """{policy: {group: {figure: mean over the seeds}}}: every policy reads the same films."""
    runs = {policy: [] for policy in policies}
    for seed in range(seeds):
        films = draw(world, scores, np.random.default_rng(seed))
        for policy in policies:
            runs[policy].append(summary(films, run(world, films, policy)))
    return {policy: _mean(found) for policy, found in runs.items()}


def _mean(found):
    return {
        group: {figure: float(np.mean([run[group][figure] for run in found])) for figure in found[0][group]}
        for group in found[0]
    }
