"""Turn-around: how long studies took from arrival to the AI, to a reader and to the signature, and what is still open.

The figures are of the studies received in a period. Percentiles are over what has happened; how many studies have no
signature yet stands beside them, for a percentile alone would leave out those that wait longest. Waits are by the
clock. The band is what the AI said when the study was first signed, or says now. Withdrawn studies are left out and
counted; so are synthetic ones, except at a demo site, which holds nothing else.
"""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from screening import counted, counterfactual, hours
from screening.counted import BAND, STUDIES
from screening.models import Band, Priority, Site, Study

RECEIVED = "held.received_at >= %(since)s AND held.received_at < %(until)s"
FIGURES = f"""
WITH chosen AS (
    SELECT held.priority AS class, {BAND} AS band, held.site_id AS site,
        date_trunc('week', held.received_at AT TIME ZONE site.time_zone)::date AS week,
        extract(epoch FROM held.screened_at - held.received_at)::float8 AS screened,
        extract(epoch FROM held.first_claimed_at - held.received_at)::float8 AS claimed,
        extract(epoch FROM held.signed_at - held.received_at)::float8 AS signed,
        coalesce(held.first_claimed_at, held.signed_at, 'infinity') <= held.cap_at AS within,
        coalesce(held.first_claimed_at, held.signed_at) IS NOT NULL OR held.cap_at < %(until)s AS decided
    {STUDIES} AND {RECEIVED}
)
SELECT class, band, site, week, GROUPING(class, band, site, week), count(*), count(*) FILTER (WHERE signed IS NULL),
    count(*) FILTER (WHERE within), count(*) FILTER (WHERE decided),
    count(screened), max(screened), percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY screened),
    count(claimed), max(claimed), percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY claimed),
    count(signed), max(signed), percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY signed)
FROM chosen GROUP BY GROUPING SETS ((), (class), (band), (site), (week))
"""  # noqa: S608  of constants alone
# What GROUPING answers for the set of one column alone, and for the set of none.
CLASS, BY_BAND, SITE, WEEK, ALL = 0b0111, 0b1011, 0b1101, 0b1110, 0b1111
# A share read is told on a grid of so many seconds, up to so many hours.
STEP_S, LONGEST_H = 600, 48
WAITED = "extract(epoch FROM coalesce(held.signed_at, %(until)s) - held.received_at)"
SHARE = f"""
SELECT {BAND}, held.signed_at IS NOT NULL,
    least(greatest(ceil({WAITED} / %(step)s), 0), %(last)s)::int,
    count(*)
{STUDIES} AND {RECEIVED} AND {BAND} IN ('likely', 'less_likely') GROUP BY 1, 2, 3
"""
# A limit is so many times what nineteen of twenty wait at most; fewer studies of a class say too little.
TIMES, PERCENTILE, FEWEST = 1.5, 95, 50
STEPS = {
    Priority.STAT: timedelta(minutes=5),
    Priority.URGENT: timedelta(minutes=15),
    Priority.ROUTINE: timedelta(minutes=15),
}


@dataclass(frozen=True)
class Waits:
    """How long `count` studies took; timedeltas, None where there is no study."""

    count: int
    median: timedelta | None
    p90: timedelta | None
    longest: timedelta | None


@dataclass(frozen=True)
class Row:
    """One group of studies. `of` is what they share: a Priority, a Band or "", a Site, the Monday of an ISO week; None
    for all of them.

    within: those that a reader took before their limit, out of the `decided` ones (taken, or past their limit).
    """

    of: Priority | str | Site | date | None
    studies: int
    unsigned: int
    within: int
    decided: int
    screened: Waits
    claimed: Waits
    signed: Waits

    @property
    def stages(self):
        """The Waits in the order of a study's life."""
        return self.screened, self.claimed, self.signed

    @property
    def unscreened(self):
        """How many have no score (yet, or none that counts)."""
        return self.studies - self.screened.count

    @property
    def share_within(self):
        """0..1, or None where nothing is decided yet."""
        return self.within / self.decided if self.decided else None


@dataclass(frozen=True)
class Figures:
    """The figures of a period: `total` (None where there was no study), and rows in their natural order."""

    total: Row | None
    classes: list
    bands: list
    sites: list
    weeks: list
    withdrawn: int
    synthetic: int

    @property
    def likely(self):
        """The row of the studies that the AI calls likely, or None."""
        return next((row for row in self.bands if row.of == Band.LIKELY), None)


def figures(sites, period):
    """The Figures of the studies received at the given sites (an iterable) in a Period."""
    by_id = {site.pk: site for site in sites}
    rows = {ALL: [], CLASS: [], BY_BAND: [], SITE: [], WEEK: []}
    for priority, band, site, week, grouping, *numbers in _all(counted.rows(FIGURES, by_id, period)):
        of = {CLASS: priority, BY_BAND: band, SITE: by_id.get(site), WEEK: week}.get(grouping)
        if grouping != ALL or numbers[0]:
            rows[grouping].append(_row(Priority(of) if grouping == CLASS else of, numbers))
    bands = [*Band.values, ""]
    return Figures(
        total=next(iter(rows[ALL]), None),
        classes=sorted(rows[CLASS], key=lambda row: row.of),
        bands=sorted(rows[BY_BAND], key=lambda row: bands.index(row.of)),
        sites=sorted(rows[SITE], key=lambda row: row.of.code),
        weeks=sorted(rows[WEEK], key=lambda row: row.of),
        **_left_out(by_id, period),
    )


def _all(chunks):
    return [row for chunk in chunks for row in chunk]


def _row(of, numbers):
    studies, unsigned, within, decided, *waits = numbers
    return Row(of, studies, unsigned, within, decided, *(_waits(*waits[first : first + 3]) for first in (0, 3, 6)))


def _waits(count, longest, percentiles):
    if not count:
        return Waits(0, None, None, None)
    return Waits(count, *(timedelta(seconds=each) for each in (*percentiles, longest)))


def _left_out(by_id, period):
    came = Study.objects.filter(site__in=by_id, received_at__gte=period.since, received_at__lt=period.until)
    synthetic = came.filter(synthetic=True, site__demo=False)
    withdrawn = came.filter(status=Study.Status.WITHDRAWN).exclude(pk__in=synthetic.values("pk"))
    return {"withdrawn": withdrawn.count(), "synthetic": synthetic.count()}


def share_read(sites, period):
    """{band: array of the share signed within 0, 10, 20 minutes ... 48 hours} for likely and less likely.

    By Kaplan and Meier: a study without a signature counts as waiting from its arrival until now, and says nothing of
    what comes after. A band without a study is left out.
    """
    last = LONGEST_H * 3600 // STEP_S + 1
    counts = {}
    found = counted.rows(SHARE, [site.pk for site in sites], period, step=STEP_S, last=last)
    for band, signed, step, count in _all(found):
        counts.setdefault(band, np.zeros((2, last + 1), int))[int(signed), step] = count
    return {band: _kaplan_meier(*counts[band])[:last] for band in Band.values if band in counts}


def _kaplan_meier(open_, signed):
    gone = np.cumsum(open_ + signed)
    waiting = np.concatenate([[gone[-1]], gone[-1] - gone[:-1]])
    return 1 - np.cumprod(1 - signed / np.maximum(waiting, 1))


def proposed_limits(site):
    """{Priority: timedelta, or None where fewer than 50 studies of the class were signed in the last 28 days}.

    1.5 times the 95th percentile of the wait from arrival to a reader under first come, first served, in the site's
    reading hours, rounded up to 15 minutes (stat: to 5).
    """
    signed = counterfactual.signed_in([site], counted.lately())
    began, between = counterfactual.replayed(signed), hours.of(site).between
    limits = {}
    for priority in Priority:
        here = np.flatnonzero(signed.priority == priority)
        waits = [between(_instant(signed.received[each]), _instant(began[each])).total_seconds() for each in here]
        limits[priority] = _limit(waits, STEPS[priority]) if len(waits) >= FEWEST else None
    return limits


def _instant(seconds):
    return datetime.fromtimestamp(seconds, UTC)


def _limit(waits, step):
    wanted = TIMES * float(np.percentile(waits, PERCENTILE))
    return step * max(1, math.ceil(round(wanted / step.total_seconds(), 6)))
