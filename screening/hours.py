"""A site's reading hours, and how far a wait that counts them alone reaches by the clock.

A limit of 8 h that is given at 16:00 to a site that reads from 8 to 17 on weekdays ends at 15:00 of the next of them.
Times are the site's own wall clock, summer time included; instants are aware.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
WEEK = frozenset(range(7))
UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Hours:
    """When a site reads: from `opens` until `closes` (equal: the whole day) on `days`, Monday being 0."""

    opens: time = time(0)
    closes: time = time(0)
    days: frozenset[int] = WEEK
    zone: ZoneInfo = UTC

    def __post_init__(self):
        if not self.days:
            raise ValueError("a site reads on one day of the week at least")
        if self.closes < self.opens and self.closes != time(0):
            raise ValueError("reading hours end on the day they begin")

    @property
    def always(self):
        return self.opens == self.closes and self.days == WEEK

    def after(self, instant, wait):
        """The instant at which `wait` (timedelta, not negative) of reading time has gone by since `instant`."""
        if self.always:
            return instant + wait
        day = instant.astimezone(self.zone).date()
        while True:  # every week holds an open day, so a wait ends
            start, end = self._open_on(day)
            start = max(start, instant)
            if start < end and start + wait <= end:
                return start + wait
            wait -= max(end - start, timedelta(0))
            day += DAY

    def between(self, start, end):
        """The reading time (timedelta) from the instant `start` to `end`: `after` turned round. Zero where `end` comes
        first."""
        if self.always:
            return max(end - start, timedelta(0))
        counted = timedelta(0)
        day, last = start.astimezone(self.zone).date(), end.astimezone(self.zone).date()
        while day <= last:
            opened, closed = self._open_on(day)
            counted += max(min(closed, end) - max(opened, start), timedelta(0))
            day += DAY
        return counted

    def resumes(self, instant):
        """When reading goes on, or None where it goes on at `instant`."""
        first = self.after(instant, MOMENT) - MOMENT
        return first if first > instant else None

    def _open_on(self, day):
        """(start, end) of one date, as instants in UTC; the same twice where nobody reads then.

        In UTC, for Python subtracts two times of one zone by the wall clock: an hour off when summer time begins.
        """
        if day.weekday() not in self.days:
            start = end = datetime.combine(day, time(0), self.zone)
        else:
            start = datetime.combine(day, self.opens, self.zone)
            last = day + DAY if self.closes == time(0) or self.opens == self.closes else day
            end = datetime.combine(last, self.closes, self.zone)
        return start.astimezone(UTC), end.astimezone(UTC)


ALWAYS = Hours()


def of(site):
    """The hours of a site."""
    if site.opens == site.closes and len(site.reading_days) == len(WEEK):
        return ALWAYS
    return Hours(site.opens, site.closes, frozenset(site.reading_days), ZoneInfo(site.time_zone))
