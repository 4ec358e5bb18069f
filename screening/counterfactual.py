"""First come, first served, replayed on what came: what the order of the AI has changed, and limits that fit a site.

The studies that were signed in a period, with their arrivals, and the instants at which a reader took one of them, the
slots. Each slot goes, in its turn, to the study of the highest class that has arrived by then, inside the class to the
one that came first; classes stay as people gave them. A slot is always filled: by its instant as many studies had come
as had been taken. Each study keeps the time that its own reading took, so the mean over all studies is the same.

What it cannot know: under another order readers might have begun at other times or read longer; a slot belongs to one
site, also where its reader reads for several; a study that is not signed yet takes no slot, though under first come,
first served it might have had one; and the class is the one that the study has now.
"""

import heapq
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from screening import counted
from screening.counted import BAND, STUDIES
from screening.models import Band

SIGNED = f"""
SELECT held.site_id, held.priority, {BAND} = 'likely', extract(epoch FROM held.received_at)::float8,
    extract(epoch FROM greatest(held.first_claimed_at, held.received_at))::float8,
    extract(epoch FROM held.signed_at)::float8
{STUDIES} AND held.signed_at >= %(since)s AND held.signed_at < %(until)s AND held.first_claimed_at IS NOT NULL
ORDER BY held.site_id, held.received_at, held.id
"""  # noqa: S608  of constants alone


@dataclass(frozen=True)
class Signed:
    """Signed studies as arrays of one length, in order of site and arrival; instants in seconds since 1970."""

    site: np.ndarray  # a number for each site
    priority: np.ndarray
    likely: np.ndarray
    received: np.ndarray
    claimed: np.ndarray
    signed: np.ndarray


@dataclass(frozen=True)
class Spread:
    """Waits from arrival to signature, as timedeltas."""

    mean: timedelta
    median: timedelta
    p90: timedelta
    longest: timedelta


@dataclass(frozen=True)
class Against:
    """One group of studies as it was, and as it would have been first come, first served."""

    of: str  # Band.LIKELY, "others" or "all"
    studies: int
    actual: Spread
    fifo: Spread

    @property
    def sides(self):
        return self.actual, self.fifo

    @property
    def saved(self):
        """By how much the order has shortened the mean wait; below zero where it has lengthened it."""
        return self.fifo.mean - self.actual.mean


def against_fifo(sites, period):
    """[Against] for likely studies, the others and all of them; groups without a study are left out."""
    signed = signed_in(sites, period)
    took = signed.signed - signed.claimed
    actual, fifo = signed.signed - signed.received, replayed(signed) + took - signed.received
    everything = np.ones(len(actual), bool)
    groups = {Band.LIKELY: signed.likely, "others": ~signed.likely, "all": everything}
    return [
        Against(name, int(chosen.sum()), _spread(actual[chosen]), _spread(fifo[chosen]))
        for name, chosen in groups.items()
        if chosen.any()
    ]


def signed_in(sites, period):
    """The studies that were Signed at the given sites in a Period."""
    numbers = {site.pk: number for number, site in enumerate(sites)}
    chunks = [
        np.array([(numbers[site], *rest) for site, *rest in chunk], float)
        for chunk in counted.rows(SIGNED, numbers, period)
    ]
    site, priority, likely, *instants = np.concatenate([np.empty((0, 6)), *chunks]).T
    return Signed(site, priority, likely.astype(bool), *instants)


def _spread(seconds):
    figures = (seconds.mean(), *np.percentile(seconds, (50, 90)), seconds.max())
    return Spread(*(timedelta(seconds=float(each)) for each in figures))


def replayed(signed):
    """The instants at which first come, first served would have begun each study, as an array."""
    began = np.empty_like(signed.claimed)
    for site in np.unique(signed.site):
        here = np.flatnonzero(signed.site == site)
        began[here] = _one_site(signed.priority[here], signed.received[here], signed.claimed[here])
    return began


def _one_site(priority, received, claimed):
    """In O(n log n). `received` is sorted."""
    began, waiting, coming = [0.0] * len(received), [], 0
    came, classes = received.tolist(), priority.tolist()
    for slot in np.sort(claimed).tolist():
        while coming < len(came) and came[coming] <= slot:
            heapq.heappush(waiting, (classes[coming], coming))
            coming += 1
        began[heapq.heappop(waiting)[1]] = slot
    return np.array(began)
