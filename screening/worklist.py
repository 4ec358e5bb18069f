"""The worklist: which study comes first, a page of it, and what its rows say.

By class (stat, urgent, routine), then those past their limit by limit, then by due time, arrival, id. An order that
asks for now() has no index, so each class is read as two ranges at an instant t0 that the cursor keeps; where they lie,
`screening.places` asks.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.core import signing
from django.db import connection
from django.db.models import Exists, F, Func, OuterRef, Q, UUIDField, Value
from django.utils.translation import gettext as _

from screening import order, places, wording
from screening.choice import EVERYTHING
from screening.models import Band, Priority, Read, Study
from screening.models.people import Policy
from screening.places import Place

PAGE_SIZE = 50
# A search shows no more than these; so many are tried before the next lot, when a reader asks for the next study.
FOUND, TRIED = 100, 20


class BadCursor(ValueError):
    """The cursor is not one of ours."""


@dataclass(frozen=True)
class Cursor:
    """Where a page ended: the instant t0, and the Place of its last row (None for the top)."""

    t0: datetime
    place: Place | None = None

    def encode(self):
        key = [value.isoformat() if isinstance(value, datetime) else str(value) for value in self.place.key]
        return signing.dumps([self.t0.isoformat(), self.place.position, key], salt="worklist", compress=True)

    @classmethod
    def decode(cls, text):
        try:
            t0, position, key = signing.loads(text, salt="worklist")
            at, received_at, pk = key
        except (signing.BadSignature, ValueError) as error:
            raise BadCursor(_("this page link is not valid any more; go back to the top of the worklist")) from error
        key = (datetime.fromisoformat(at), datetime.fromisoformat(received_at), UUID(pk))
        return cls(datetime.fromisoformat(t0), Place(position, key))


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


def page(studies, *, sites, choice=EVERYTHING, known=None, after=None, size=PAGE_SIZE):
    """One page of the chosen of the given studies (a queryset of `waiting`) in the order of the worklist.

    `sites` are the Sites that the studies are of: what waits elsewhere is not looked at. `known` is the Tally of these
    sites, if it was asked for before. `after` is the cursor text of the page before; raises BadCursor.
    """
    cursor = Cursor.decode(after) if after else Cursor(known.now if known else database_now())
    ids = [site.pk for site in sites]
    if choice.mine:
        mine = list(studies.filter(site__in=ids, claimed_by=choice.mine)[:FOUND])
        return Page(_in_order(mine, choice, cursor.t0), cursor.t0, None)
    parts = _kinds(ids, choice, known) if choice.by_ai else ids
    found, place, last = [], cursor.place, False
    while len(found) <= size and not last:
        lot = size + 1 - len(found)
        stand = places.walk(parts, cursor.t0, choice.positions, lot, after=place, free=choice.unclaimed)
        here = {study.pk: study for study in studies.filter(pk__in=[each.pk for each in stand])}
        found += [(each, here[each.pk]) for each in stand if each.pk in here]
        last, place = len(stand) < lot, stand[-1] if stand else None
    shown = found[:size]
    further = Cursor(cursor.t0, shown[-1][0]).encode() if len(found) > size else None
    return Page([study for _, study in shown], cursor.t0, further)


def _kinds(ids, choice, known):
    kinds = known.kinds if known else places.kinds(ids)
    return [kind for kind in kinds if kind.site in ids and choice.of_kind(kind)]


def _in_order(studies, choice, t0):
    """A few studies, already read: those chosen, in order."""
    chosen = [(places.place_of(study, t0), study) for study in studies if choice.takes(study, t0)]
    return [study for _, study in sorted(chosen, key=lambda each: (each[0].position, each[0].key))]


def search(studies, words, *, sites, choice=EVERYTHING):
    """(Page, whether there are more) of the given worklist studies whose accession or patient ID begins with `words`.

    At most FOUND of each; where there are more, whoever searches types more.
    """
    t0, ids = database_now(), [site.pk for site in sites]
    listed, found = Study.objects.filter(site__in=ids, status__in=Study.ON_WORKLIST), []
    for name in ("accession", "patient_id"):
        begins = listed.filter(~Q(**{name: ""}), **{f"{name}__istartswith": words})
        found.append(list(begins.values_list("pk", flat=True)[: FOUND + 1]))
    here = list(studies.filter(pk__in=[pk for lot in found for pk in lot[:FOUND]]))
    return Page(_in_order(here, choice, t0), t0, None), any(len(lot) > FOUND for lot in found)


def free(sites):
    """Lists of the ids of the studies that nobody reads at these sites (ids), a few at a time, in order."""
    t0, place = database_now(), None
    while lot := places.walk(sites, t0, EVERYTHING.positions, TRIED, after=place, free=True):
        yield [each.pk for each in lot]
        place = lot[-1]


def as_listed(ids):
    """An expression that orders studies as these ids stand."""
    listed = Value(ids, output_field=ArrayField(UUIDField()))
    return Func(listed, F("pk"), function="array_position")


def waiting(studies):
    """Of the given studies, those on the worklist: waiting, or being read at this moment."""
    listed = studies.filter(status__in=Study.ON_WORKLIST).select_related("site", "model_version", "claimed_by")
    # A study that waits with a signed read is back because an image joined it after signing.
    return listed.annotate(reopened=Exists(Read.objects.filter(study=OuterRef("pk"))))


def reason(study, now, hidden=False):
    """Why a study (of `waiting`) stands where it stands, as its row says it; `hidden`, without what the AI says."""
    parts = [] if study.priority == Priority.ROUTINE else [str(Priority(study.priority).label)]
    if study.reopened:
        parts.append(_("new image after signing"))
    if study.cap_at <= now:
        # Translators: %(limit)s is a duration, such as "8 h".
        parts.append(_("past the %(limit)s limit") % {"limit": _limit(study)})
    elif hidden and study.band:
        parts.append(_("the AI's answer comes after your finding"))
    else:
        parts.append(_ai_reason(study))
    return "; ".join(parts)


def _limit(study):
    """The limit of the study's class at its site, in reading time, as it is said."""
    return wording.limit(order.cap(study.site, study.priority).total_seconds())


def _ai_reason(study):
    words = wording.ai_state(study.ai_state)
    if study.probability is None:
        # Translators: %(words)s is why there is no score, such as "AI pending"; the class is stat, urgent or routine.
        middle = _("%(words)s, in the middle of its class") if words else _("in the middle of its class")
        return middle % {"words": words}
    # Translators: %(band)s is "likely", "uncertain" or "less likely".
    band = _("%(band)s, score %(score)s") % {"band": Band(study.band).label.lower(), "score": study.score}
    return f"{band}; {words}" if words else band


def due(study, hidden=False):
    """The instant that a row shows: the earlier of due and limit.

    The limit alone under the policy `probability`, and where the AI's answer is `hidden`: a due time tells the score.
    """
    if hidden or order.policy(study.site) == Policy.PROBABILITY:
        return study.cap_at
    return min(study.due_at, study.cap_at)
