"""How many workers and readers a department needs: queues by formula, for the hour in which most films arrive.

Arrivals are Poisson. A station is c servers with one line: Erlang's C says how often a film waits, Cobham how long by
class (most urgent first, nobody is interrupted). Both are exact for exponential times; for others the waiting is
scaled by (1 + cv^2) / 2, cv being the standard deviation over the mean, which is exact for one server.
"""

import math
from dataclasses import dataclass, replace

# What is believed of a film unless said otherwise: measured on two busy processor cores, README.md says how.
WORKER_FILM_S = 0.0134  # the shipped model on one film
DOOR_FILM_S = 0.093  # 60 films of up to 2,900 pixels a side in 5.6 s, the prediction included
READ_MINUTES, READ_CV = 7.0, 0.53  # the simulated reading room's lognormal
# Shares of stat, urgent and routine, and the mean minutes after which a reader should begin.
SHARES, READ_WAIT_MIN = (0.10, 0.20, 0.70), (15.0, 60.0, 240.0)
# Of this share of the films the wait for a first score is told.
MOST_FILMS = 0.95
# Films a batch, as `FIRSTREAD_BATCH_SIZE` has it unless set: two batches may be on their way before a film.
BATCH = 32
# The largest station that is looked at; beyond it something else is wrong.
MOST = 100_000


class Impossible(ValueError):
    """No number of servers does it; the text is a sentence for a person."""


@dataclass(frozen=True)
class Station:
    """Servers with one line. `rate`: films a second at the peak; `service_s`: mean seconds a film; `cv` of them."""

    rate: float
    service_s: float
    servers: int
    cv: float = 1.0

    @property
    def load(self):
        """The share of the servers' time that is asked for; from 1 on the line grows without end."""
        return self.rate * self.service_s / self.servers

    @property
    def waits(self):
        """The probability that a film finds every server busy (Erlang C); 1 where the load is 1 or more."""
        return erlang_c(self.servers, self.rate * self.service_s)

    def mean_wait(self):
        """Mean seconds in the line, first come, first served."""
        return _over(self._left(), 1 - self.load)

    def wait_by_class(self, shares):
        """Mean seconds in the line of each class, the most urgent first (Cobham)."""
        waits, before = [], 0.0
        for share in shares:
            upto = before + share * self.load
            waits.append(_over(self._left(), (1 - before) * (1 - upto)) if upto < 1 else math.inf)
            before = upto
        return waits

    def wait_of(self, share):
        """The seconds in the line that this share of the films stays under, first come, first served."""
        beyond = 1 - share
        if self.waits <= beyond:
            return 0.0
        drained = self.servers * (1 - self.load) / self.service_s
        return _over(self._scale() * math.log(self.waits / beyond), drained)

    def _scale(self):
        return (1 + self.cv**2) / 2

    def _left(self):
        """Seconds until the first server is free, on average over all who arrive."""
        return self.waits * self.service_s / self.servers * self._scale()


def _over(value, share):
    return value / share if share > 0 else math.inf


def erlang_c(servers, offered):
    """The probability of waiting at `servers` with `offered` Erlangs (films a second times seconds a film)."""
    if offered >= servers:
        return 1.0
    blocked = 1.0  # Erlang B, server by server: no factorials
    for count in range(1, servers + 1):
        blocked = offered * blocked / (count + offered * blocked)
    return blocked / (1 - offered / servers * (1 - blocked))


def fewest(station, meets):
    """The Station with the fewest servers that `meets(station)`, which more servers never spoil; raises Impossible."""
    low, high = math.floor(station.rate * station.service_s), MOST
    if not meets(replace(station, servers=high)):
        raise Impossible(f"no number up to {MOST:,} is enough")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if meets(replace(station, servers=middle)) else (middle, high)
    return replace(station, servers=high)


@dataclass(frozen=True)
class Department:
    """What is asked for. Shares are of all films and add up to 1; waits are the longest that are accepted.

    `peak_share`: of a day's films, those of its busiest hour. `score_wait_s`: 95 of 100 films have their first score in
    it. `read_wait_min`: mean minutes until a reader begins, by class. `gpu_film_s`: None where nobody has measured it.
    """

    films_a_day: float
    peak_share: float = 0.10
    shares: tuple = SHARES
    score_wait_s: float = 60.0
    read_wait_min: tuple = READ_WAIT_MIN
    worker_film_s: float = WORKER_FILM_S
    gpu_film_s: float | None = None
    door_film_s: float = DOOR_FILM_S
    read_minutes: float = READ_MINUTES
    read_cv: float = READ_CV

    @property
    def rate(self):
        """Films a second in the busiest hour."""
        return self.films_a_day * self.peak_share / 3600

    def score_wait(self, station, behind=0):
        """Seconds in which 95 of 100 films are through this station, where `behind` films are worked on together."""
        return station.wait_of(MOST_FILMS) + behind * station.service_s


@dataclass(frozen=True)
class Need:
    """A Station with the fewest servers that are enough. `until`: the films a day up to which they are.

    `waits`: seconds, of each class for readers, and otherwise of 95 of 100 films.
    """

    name: str
    station: Station
    waits: list
    until: float


def needs(department):
    """The Needs of a Department: the door, screening workers (GPUs where their time is known), readers.

    Raises Impossible with a sentence.
    """
    found = [
        _need(department, "operations workers", department.door_film_s, 1.0, _scored(department, 1)),
        _need(department, "screening workers", department.worker_film_s, 0.0, _scored(department, 2 * BATCH)),
    ]
    if department.gpu_film_s:
        on_gpu = _scored(department, 2 * BATCH)
        found.append(_need(department, "GPUs instead", department.gpu_film_s, 0.0, on_gpu))
    read_s = 60 * department.read_minutes
    return [*found, _need(department, "readers", read_s, department.read_cv, _read(department))]


def _scored(department, behind):
    """([seconds], whether that is enough) of a Station on the way to a first score."""

    def wait(station):
        seconds = department.score_wait(station, behind)
        return [seconds], seconds <= department.score_wait_s

    return wait


def _read(department):
    """([seconds of each class], whether that is enough) of a Station of readers."""

    def wait(station):
        seconds = station.wait_by_class(department.shares)
        accepted = [60 * minutes for minutes in department.read_wait_min]
        return seconds, all(each <= most for each, most in zip(seconds, accepted, strict=True))

    return wait


def _need(department, name, service_s, cv, wait):
    def enough(station):
        return wait(station)[1]

    try:
        station = fewest(Station(department.rate, service_s, 1, cv), enough)
    except Impossible as error:
        raise Impossible(f"{name}: {error}. Accept a longer wait, or lower the seconds a film takes.") from None
    return Need(name, station, wait(station)[0], _until(department, station, enough))


def _until(department, station, enough):
    """The films a day up to which this many servers are enough, found by halving to 1 in 1,000."""
    low, high = department.rate, station.servers / station.service_s
    while high - low > low / 1000:
        middle = (low + high) / 2
        low, high = (middle, high) if enough(replace(station, rate=middle)) else (low, middle)
    return low * department.films_a_day / department.rate
