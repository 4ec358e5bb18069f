"""A simulated reading room: what an order of the worklist costs whom, before a department switches it on.

The world, unless changed: films arrive at 12 an hour from 8 to 20 and at 3 an hour by night; a tenth is stat, the rest
routine; a fifth has pneumonia; a read takes 7 minutes on average (lognormal). Every wait is in minutes, from arrival to
the end of the read, by the clock; limits and due times count reading hours. The rules are those of `screening.order`,
called with minutes in place of instants.
"""

import heapq
import operator
from dataclasses import dataclass, field

import numpy as np
from scipy.special import stdtrit

from screening import order
from screening.models import Priority
from screening.models.people import Policy

DAY = 24 * 60
DAYTIME = (8, 20)
EXPONENTIAL, LOGNORMAL = "exponential", "lognormal"


@dataclass(frozen=True)
class World:
    """What the department is like. `hours` are the readers', from and to; all day unless said."""

    days: int = 120
    day_rate: float = 12  # films an hour from 8 to 20
    night_rate: float = 3
    stat_share: float = 0.10
    prevalence: float = 0.20
    read_minutes: float = 7
    read_time: str = LOGNORMAL  # or EXPONENTIAL, of which theory knows more
    read_spread: float = 0.5  # sigma of the lognormal
    readers: int = 1
    hours: tuple[int, int] = (0, 24)
    cap_stat: float = 60  # the limits, in minutes
    cap_routine: float = 480

    @property
    def films_a_day(self):
        """The films that arrive in a day on average."""
        by_day = DAYTIME[1] - DAYTIME[0]
        return by_day * self.day_rate + (24 - by_day) * self.night_rate

    @property
    def load(self):
        """The share of the readers' time that the films need; from 1 on the list grows without end."""
        return self.films_a_day * self.read_minutes / (self.readers * (self.hours[1] - self.hours[0]) * 60)


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
    daytime = (hour >= DAYTIME[0]) & (hour < DAYTIME[1])
    counts = rng.poisson(np.where(daytime, world.day_rate, world.night_rate))
    arrived = np.sort(np.repeat(np.arange(len(hour)), counts) * 60 + rng.uniform(0, 60, counts.sum()))
    pneumonia = rng.random(len(arrived)) < world.prevalence
    sick, other, below = scores
    p = np.where(pneumonia, rng.choice(sick, len(arrived)), rng.choice(other, len(arrived)))
    priority = np.where(rng.random(len(arrived)) < world.stat_share, Priority.STAT, Priority.ROUTINE)
    return Films(arrived, pneumonia, p, priority, _read_times(world, len(arrived), rng), below)


def _read_times(world, count, rng):
    if world.read_time == EXPONENTIAL:
        return rng.exponential(world.read_minutes, count)
    mu = np.log(world.read_minutes) - world.read_spread**2 / 2
    return rng.lognormal(mu, world.read_spread, count)


def after(hours):
    """The `after(minute, wait)` of a room that reads `hours` (from, to) of every day; minutes may be arrays."""
    start, length = hours[0] * 60, (hours[1] - hours[0]) * 60
    if length == DAY:
        return operator.add

    def counted(minute, wait):
        day, within = np.divmod(minute, DAY)
        day, within = np.divmod(day * length + np.clip(within - start, 0, length) + wait, length)
        return day * DAY + start + within

    return counted


def opens(minute, hours):
    """The first instant from `minute` on at which the reading room is open."""
    start, end = hours[0] * 60, hours[1] * 60
    day, within = divmod(minute, DAY)
    if within < start:
        return day * DAY + start
    return minute if within < end else (day + 1) * DAY + start


class Waiting:
    """The simulated worklist: each class by limit and by due time, as the worklist has two ranges.

    Inside a class the limits go by arrival, so that range is a row that is read from its front; the other is a heap of
    ranks, each film's place in the order of due times.
    """

    def __init__(self, priority, due, cap):
        self.by_due = np.argsort(due, kind="stable")
        self.rank = np.empty_like(self.by_due)
        self.rank[self.by_due] = np.arange(len(due))
        self.by_due, self.rank = self.by_due.tolist(), self.rank.tolist()
        self.priority, self.cap = priority.tolist(), cap.tolist()
        self.taken = bytearray(len(due))
        self.classes = {int(each): ([], []) for each in np.unique(priority)}  # sorted: the most urgent first
        self.fronts = dict.fromkeys(self.classes, 0)

    def add(self, film):
        came, heap = self.classes[self.priority[film]]
        came.append(film)
        heapq.heappush(heap, self.rank[film])

    def take(self, now):
        """The film on top at the instant `now`, or None."""
        for priority, (came, heap) in self.classes.items():
            front = self.fronts[priority]
            while front < len(came) and self.taken[came[front]]:
                front += 1
            self.fronts[priority] = front
            if front < len(came):
                film = came[front] if self.cap[came[front]] <= now else self._soonest(heap)
                self.taken[film] = True
                return film
        return None

    def _soonest(self, heap):
        while True:
            film = self.by_due[heapq.heappop(heap)]
            if not self.taken[film]:
                return film


def run(world, films, policy):
    """Minutes from arrival to the end of the read of every film, under one policy, without preemption."""
    waiting, count = Waiting(films.priority, *_due(world, films, policy)), len(films.arrived)
    arrived, minutes = films.arrived.tolist(), films.minutes.tolist()
    done, free, coming = [0.0] * count, [0.0] * world.readers, 0
    for _ in range(count):
        now = opens(heapq.heappop(free), world.hours)
        while True:
            while coming < count and arrived[coming] <= now:
                waiting.add(coming)
                coming += 1
            film = waiting.take(now)
            if film is not None:
                break
            now = opens(arrived[coming], world.hours)
        done[film] = now + minutes[film]
        heapq.heappush(free, done[film])
    return np.array(done) - films.arrived


def _due(world, films, policy):
    """(due, limit) of every film, in minutes from the beginning."""
    cap = np.where(films.priority == Priority.STAT, world.cap_stat, world.cap_routine)
    counted = after(world.hours)
    # By probability the due time is no time: the formula of the worklist gives a date, and the same order.
    due = 1 - films.p if policy == Policy.PROBABILITY else order.POLICIES[policy](films.arrived, cap, films.p, counted)
    return due, counted(films.arrived, cap)


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


@dataclass(frozen=True)
class Ratio:
    """A wait as a multiple of first come, first served's: the mean over the seeds and its 95 % interval (by t)."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Compared:
    """What each policy did with the same films: {policy: [summary of a seed's run]}."""

    runs: dict

    def means(self):
        """{policy: {group: {figure: mean over the seeds}}}."""
        return {policy: _mean(found) for policy, found in self.runs.items()}

    def ratio(self, policy, group, figure):
        """The Ratio of a policy, seed by seed against FIFO on the same films; None where fewer than two had any."""
        pairs = [
            (mine[group][figure], base[group][figure])
            for mine, base in zip(self.runs[policy], self.runs[Policy.FIFO], strict=True)
        ]
        return _interval([mine / base for mine, base in pairs if base])


def compare(world, scores, policies, seeds):
    """Compared: every policy reads the same films, `seeds` times over."""
    runs = {policy: [] for policy in policies}
    for seed in range(seeds):
        films = draw(world, scores, np.random.default_rng(seed))
        for policy in policies:
            runs[policy].append(summary(films, run(world, films, policy)))
    return Compared(runs)


def _mean(found):
    return {
        group: {figure: float(np.mean([run[group][figure] for run in found])) for figure in found[0][group]}
        for group in found[0]
    }


def _interval(ratios):
    if len(ratios) < 2:
        return None
    mean = float(np.mean(ratios))
    half = stdtrit(len(ratios) - 1, 0.975) * np.std(ratios, ddof=1) / len(ratios) ** 0.5
    return Ratio(mean, mean - float(half), mean + float(half))
