"""Which studies turn-around counts, and over which period.

Withdrawn studies are left out; so are synthetic ones, except at a demo site, which holds nothing else. The band is what
the AI said when a study was first signed, or says now.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from screening import worklist

# Of the studies `held` at `sites`; each query adds which.
STUDIES = """
FROM screening_study held JOIN screening_site site ON site.id = held.site_id
LEFT JOIN LATERAL (
    SELECT band FROM screening_read WHERE study_id = held.id AND addendum_to_id IS NULL AND kind = 'first'
    ORDER BY signed_at LIMIT 1
) said ON true
WHERE held.site_id = ANY(%(sites)s) AND held.status <> 'withdrawn' AND (site.demo OR NOT held.synthetic)
"""
BAND = "coalesce(said.band, held.band)"
DEFAULT_WEEKS = 4
CHUNK = 5000


@dataclass(frozen=True)
class Period:
    """From `since` on, before `until`; aware instants of the database's clock."""

    since: datetime
    until: datetime


def lately(weeks=DEFAULT_WEEKS):
    """The Period of so many weeks up to now."""
    now = worklist.database_now()
    return Period(now - timedelta(weeks=weeks), now)


def rows(query, sites, period, **more):
    """The rows of a query over the given sites (their ids) and period, a chunk at a time."""
    with connection.cursor() as cursor:
        cursor.execute(query, {"sites": list(sites), "since": period.since, "until": period.until, **more})
        while chunk := cursor.fetchmany(CHUNK):
            yield chunk
