"""Where studies stand on the worklist, as the indexes serve it: every question here reads a bounded part of them.

The list is cut into parts, each of which one index holds in order: a site, or a site's studies of one kind (band and AI
state), of one class, past the limit or not. A page is the first rows of each part, merged; no part is read beyond a
page, however many wait, and a site that was not asked for is not touched.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from screening.models import Band, Priority

OVERDUE_KEY = ("cap_at", "received_at", "id")
DUE_KEY = ("due_at", "received_at", "id")
# In this order: (class, past its limit).
RANGES = [(priority, overdue) for priority in Priority for overdue in (True, False)]
# Chips count this far, and the share of studies past their limit is known among this many.
COUNTED, SHARED = 1_000, 10_000

ON_WORKLIST = "status IN ('received', 'screened', 'unscreened', 'reading')"
FREE = f"{ON_WORKLIST} AND status <> 'reading'"
FIRST_KEY = ("-infinity", "-infinity", "00000000-0000-0000-0000-000000000000")

PART = """unnest(%({name}_sites)s::uuid[], %({name}_bands)s::text[], %({name}_states)s::text[],
           %({name}_classes)s::smallint[], %({name}_positions)s::int[], %({name}_times)s::timestamptz[],
           %({name}_arrivals)s::timestamptz[], %({name}_ids)s::uuid[])
    AS part(site, band, state, class, position, after_time, after_arrival, after_id)"""
ROWS = """LATERAL (
    SELECT id, cap_at, due_at, received_at FROM screening_study
    WHERE site_id = part.site {kind} AND priority = part.class AND {status} AND cap_at {side} %(t0)s
      AND ({time}, received_at, id) > (part.after_time, part.after_arrival, part.after_id)
    ORDER BY {time}, received_at, id LIMIT %(size)s) AS found"""
OF_A_KIND = "AND band = part.band AND ai_state = part.state"
# Nobody asks for those inside their limit while those past it fill the page: they would be skipped one by one.
WALK = f"""
WITH late AS MATERIALIZED (SELECT part.position, found.* FROM {PART.format(name="late")}, {{late}})
SELECT position, id, cap_at, due_at, received_at FROM late
UNION ALL
SELECT part.position, found.id, found.cap_at, found.due_at, found.received_at
FROM {PART.format(name="early")}, {{early}}
WHERE (SELECT count(*) FROM late WHERE late.position < part.position) < %(size)s
"""  # noqa: S608  of constants alone, as those below

NEXT_KIND = f"""(SELECT band, ai_state FROM screening_study WHERE site_id = {{site}} AND {ON_WORKLIST} {{beyond}}
                 ORDER BY band, ai_state LIMIT 1)"""  # noqa: S608
KINDS = f"""
WITH RECURSIVE kind(site, band, state) AS (
    SELECT site.id, first.band, first.ai_state
    FROM unnest(%(sites)s::uuid[]) AS site(id), LATERAL {NEXT_KIND.format(site="site.id", beyond="")} AS first
    UNION ALL
    SELECT kind.site, next.band, next.ai_state FROM kind, LATERAL
    {NEXT_KIND.format(site="kind.site", beyond="AND (band, ai_state) > (kind.band, kind.state)")} AS next
)"""  # noqa: S608
ALL_KINDS = f"{KINDS} SELECT site, band, state FROM kind"  # noqa: S608
TALLY = f"""{KINDS}, site(id) AS (SELECT unnest(%(sites)s::uuid[])), class(rank) AS (VALUES (0), (1), (2)),
counted AS (
    SELECT kind.*, (SELECT count(*) FROM (
        SELECT FROM screening_study WHERE site_id = kind.site AND band = kind.band AND ai_state = kind.state
        AND {ON_WORKLIST} ORDER BY priority, cap_at LIMIT {COUNTED + 1}) AS few) AS n
    FROM kind
),
oldest AS (
    SELECT found.* FROM kind, class, LATERAL (
        SELECT received_at, cap_at FROM screening_study
        WHERE site_id = kind.site AND band = kind.band AND ai_state = kind.state AND priority = class.rank AND {FREE}
        ORDER BY cap_at, received_at LIMIT 1) AS found
    WHERE kind.band = '{Band.LESS_LIKELY}' AND kind.site = ANY(%(seeing)s::uuid[])
    ORDER BY received_at LIMIT 1
)
SELECT now(), (SELECT json_agg(json_build_array(site, band, state, n)) FROM counted),
    (SELECT received_at FROM oldest), (SELECT cap_at FROM oldest),
    (SELECT count(*) FROM screening_study WHERE claimed_by_id = %(user)s AND status = 'reading'
     AND site_id = ANY(%(sites)s::uuid[])),
    (SELECT coalesce(sum(n), 0)::int FROM site, LATERAL (SELECT count(*) AS n FROM (
        SELECT FROM screening_study WHERE site_id = site.id AND {ON_WORKLIST}
        ORDER BY priority, cap_at LIMIT {SHARED + 1}) AS few) AS each),
    (SELECT coalesce(sum(n), 0)::int FROM site, class, LATERAL (SELECT count(*) AS n FROM (
        SELECT FROM screening_study WHERE site_id = site.id AND priority = class.rank AND {ON_WORKLIST}
        AND cap_at <= now() ORDER BY cap_at LIMIT {SHARED + 1}) AS few) AS each)
"""  # noqa: S608


@dataclass(frozen=True)
class Kind:
    """Studies of one site with one band and one AI state, of which there are some on the worklist."""

    site: UUID
    band: str
    ai_state: str


@dataclass(frozen=True)
class Tally:
    """What waits at some sites. Counts of kinds end at COUNTED + 1 and the others at SHARED + 1: there is more.

    oldest: (received_at, cap_at) of the less-likely study that waits longest, at sites that show what the AI says.
    """

    now: datetime
    kinds: dict[Kind, int]
    oldest: tuple[datetime, datetime] | None
    mine: int
    waiting: int
    past_limit: int

    def count(self, holds=lambda kind: True):
        """How many studies are of the kinds that `holds`; more than COUNTED means: more than can be told."""
        return sum(n for kind, n in self.kinds.items() if holds(kind))


def tally(sites, user, seeing):
    """The Tally of these sites (ids); `seeing` are those of them that show what the AI says before a finding."""
    asked = {"sites": list(sites), "seeing": list(seeing), "user": user.pk}
    with connection.cursor() as cursor:
        cursor.execute(TALLY, asked)
        now, kinds, received_at, cap_at, mine, waiting, past_limit = cursor.fetchone()
    counted = {Kind(UUID(site), band, state): n for site, band, state, n in kinds or []}
    return Tally(now, counted, received_at and (received_at, cap_at), mine, waiting, past_limit)


def kinds(sites):
    """The Kinds that there are on the worklist of these sites (ids)."""
    with connection.cursor() as cursor:
        cursor.execute(ALL_KINDS, {"sites": list(sites)})
        return [Kind(*row) for row in cursor.fetchall()]


@dataclass(frozen=True)
class Place:
    """Where a study stands: the number of its range in RANGES, and the values of the range's key."""

    position: int
    key: tuple

    @property
    def pk(self):
        return self.key[-1]


def key_names(position):
    return OVERDUE_KEY if RANGES[position][1] else DUE_KEY


def place_of(study, t0):
    """The Place of a study at the instant t0."""
    position = RANGES.index((study.priority, study.cap_at <= t0))
    return Place(position, tuple(getattr(study, name) for name in key_names(position)))


def walk(parts, t0, positions, size, *, after=None, free=False):
    """The first `size` Places of the parts (ids of sites, or Kinds) in the ranges of these numbers, in order.

    `after` is the Place they follow, None for the top; `free` leaves out what somebody is reading.
    """
    parts, positions = list(parts), [position for position in positions if not after or position >= after.position]
    if not parts or not positions:
        return []
    kind = OF_A_KIND if isinstance(parts[0], Kind) else ""
    status = FREE if free else ON_WORKLIST
    asked = {"t0": t0, "size": size}
    asked |= _columns("late", parts, [position for position in positions if RANGES[position][1]], after)
    asked |= _columns("early", parts, [position for position in positions if not RANGES[position][1]], after)
    late = ROWS.format(kind=kind, status=status, side="<=", time="cap_at")
    early = ROWS.format(kind=kind, status=status, side=">", time="due_at")
    with connection.cursor() as cursor:
        cursor.execute(WALK.format(late=late, early=early), asked)
        found = [_place(*row) for row in cursor.fetchall()]
    return sorted(found, key=lambda place: (place.position, place.key))[:size]


def _place(position, pk, cap_at, due_at, received_at):
    return Place(position, (cap_at if RANGES[position][1] else due_at, received_at, pk))


def _columns(name, parts, positions, after):
    """Every part in every range, as the arrays that PART unnests."""
    each = [(part, position) for part in parts for position in positions]
    keys = [after.key if after and position == after.position else FIRST_KEY for _, position in each]
    kinds = [part if isinstance(part, Kind) else Kind(part, None, None) for part, _ in each]
    columns = {
        "sites": [kind.site for kind in kinds],
        "bands": [kind.band for kind in kinds],
        "states": [kind.ai_state for kind in kinds],
        "classes": [int(RANGES[position][0]) for _, position in each],
        "positions": [position for _, position in each],
        "times": [str(key[0]) for key in keys],
        "arrivals": [str(key[1]) for key in keys],
        "ids": [str(key[2]) for key in keys],
    }
    return {f"{name}_{column}": values for column, values in columns.items()}
