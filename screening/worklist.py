"""The worklist: which study comes first, and taking it.

By class (stat, urgent, routine), then those past their limit by limit, then by due time, arrival, id. An order that
asks for now() has no index, so each class is read as two index ranges at an instant t0 that the cursor keeps:
`cap_at <= t0` by (cap_at, id), then `cap_at > t0` by (due_at, received_at, id).
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core import signing
from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q

from screening import wording
from screening.models import Band, Priority, Read, Study

OVERDUE_KEY = ("cap_at", "id")
DUE_KEY = ("due_at", "received_at", "id")
# In this order: (class, past its limit).
RANGES = [(priority, overdue) for priority in Priority for overdue in (True, False)]
PAGE_SIZE = 50


class BadCursor(ValueError):
    """The cursor is not one of ours."""


@dataclass(frozen=True)
class Cursor:
    """Where a page ended: the instant t0, the number of the range in RANGES, and the key of the last row (or None)."""

    t0: datetime
    position: int = 0
    key: tuple | None = None

    def encode(self):
        key = self.key and [value.isoformat() if isinstance(value, datetime) else str(value) for value in self.key]
        return signing.dumps([self.t0.isoformat(), self.position, key], salt="worklist", compress=True)

    @classmethod
    def decode(cls, text):
        try:
            t0, position, key = signing.loads(text, salt="worklist")
        except signing.BadSignature as error:
            raise BadCursor("this page link is not valid any more; go back to the top of the worklist") from error
        if key:
            key = (*map(datetime.fromisoformat, key[:-1]), UUID(key[-1]))
        return cls(datetime.fromisoformat(t0), position, key)


@dataclass(frozen=True)
class Page:
    """Studies in order, the instant they were ordered at, and the cursor of the next page (None at the end)."""

    studies: list
    t0: datetime
    after: str | None


def database_now():
    """The instant of the one clock that counts, timezone-aware."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        return cursor.fetchone()[0]


def in_range(studies, position, t0):
    """The studies of one range, in its order."""
    priority, overdue = RANGES[position]
    if overdue:
        return studies.filter(priority=priority, cap_at__lte=t0).order_by(*OVERDUE_KEY)
    return studies.filter(priority=priority, cap_at__gt=t0).order_by(*DUE_KEY)


def _key_names(position):
    return OVERDUE_KEY if RANGES[position][1] else DUE_KEY


def _beyond(position, key):
    """Rows after `key` in the order of the range: (a, b, c) > (x, y, z), spelt out so that the index serves it."""
    names = _key_names(position)
    beyond = Q()
    for depth in range(len(names)):
        equal = dict(zip(names[:depth], key[:depth], strict=True))
        beyond |= Q(**equal, **{f"{names[depth]}__gt": key[depth]})
    return beyond & Q(**{f"{names[0]}__gte": key[0]})


def page(studies, *, after=None, size=PAGE_SIZE):
    """One page of the given studies (a queryset) in the order of the worklist.

    `after` is the cursor text of the page before; raises BadCursor.
    """
    cursor = Cursor.decode(after) if after else Cursor(database_now())
    found, position, key = [], cursor.position, cursor.key
    while position < len(RANGES) and len(found) <= size:
        rows = in_range(studies, position, cursor.t0)
        if key:
            rows = rows.filter(_beyond(position, key))
        found += [(position, study) for study in rows[: size + 1 - len(found)]]
        position, key = position + 1, None
    shown = found[:size]
    return Page([study for _, study in shown], cursor.t0, _next(cursor.t0, shown) if len(found) > size else None)


def _next(t0, shown):
    position, last = shown[-1]
    return Cursor(t0, position, tuple(getattr(last, name) for name in _key_names(position))).encode()


def waiting(studies):
    """Of the given studies, those on the worklist: waiting, or being read at this moment."""
    listed = studies.filter(status__in=Study.ON_WORKLIST).select_related("site", "model_version", "claimed_by")
    # A study that waits with a signed read is back because an image joined it after signing.
    return listed.annotate(reopened=Exists(Read.objects.filter(study=OuterRef("pk"))))


FILTERS = {
    "likely": Q(band=Band.LIKELY),
    "uncertain": Q(band=Band.UNCERTAIN),
    "less_likely": Q(band=Band.LESS_LIKELY),
    "pending": Q(status=Study.Status.RECEIVED, band=""),
    "without_ai": Q(status=Study.Status.UNSCREENED),
}


def counts(studies, user):
    """How many of the given worklist studies each filter shows, by its name; `all` and `mine` too."""
    aggregates = {name: Count("pk", filter=condition) for name, condition in FILTERS.items()}
    return studies.order_by().aggregate(all=Count("pk"), mine=Count("pk", filter=Q(claimed_by=user)), **aggregates)


def reason(study, now):
    """Why a study (of `waiting`) stands where it stands, as its row says it."""
    parts = [] if study.priority == Priority.ROUTINE else [Priority(study.priority).label]
    if study.reopened:
        parts.append("new image after signing")
    if study.cap_at <= now:
        hours = (study.cap_at - study.received_at).total_seconds()
        parts.append(f"past the {wording.duration(hours).replace(' 00 m', '')} limit")
    else:
        parts.append(_ai_reason(study))
    return "; ".join(parts)


def _ai_reason(study):
    words = wording.ai_state(study.ai_state)
    if study.probability is None:
        return f"{words}, in the middle of its class" if words else "in the middle of its class"
    band = f"{Band(study.band).label.lower()}, score {study.score}"
    return f"{band}; {words}" if words else band


def due(study):
    """The instant that a row shows: the earlier of due and limit; the limit alone under the policy `probability`."""
    if study.site.policy == "probability":
        return study.cap_at
    return min(study.due_at, study.cap_at)
