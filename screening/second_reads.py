"""Which signed studies a second radiologist reads, and who may: blinded to the first report and to the AI.

Three ways lead here: the AI said likely and the reader absent; the AI said less likely and the reader present; and a
share of all signatures, drawn at random, from which the AI's figures are told without verification bias. Nothing of it
holds a signature up: the first report stands until a third reader decides between two that differ.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Case, Count, DateTimeField, Exists, OuterRef, Q, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Now

from screening import notices, permissions
from screening.models import Band, Event, Finding, Notice, Read, Role, SecondRead, Site, Study

Why, Stage = SecondRead.Why, SecondRead.Stage

CELLS = {
    (Band.LIKELY, Finding.ABSENT): Why.LIKELY_ABSENT,
    (Band.LESS_LIKELY, Finding.PRESENT): Why.LESS_LIKELY_PRESENT,
}
# A missed pneumonia is a safety event.
URGENCY = [Why.LESS_LIKELY_PRESENT, Why.LIKELY_ABSENT, Why.RANDOM]
# Three in ten signatures may contradict the AI, most of them its false alarms. Of those a site keeps so many open and
# no more; what was drawn at random, and what the AI missed, always comes in.
MOST_OPEN = 100
# Whoever has one of these in the history has seen what the AI said, or the report.
LOOKED = (Event.Kind.VIEW, Event.Kind.CLAIM, Event.Kind.EXPLAIN, Event.Kind.AI_SHOWN)
# ... but for a film by its own address, and the page of the second read itself: an event says so by one of these.
BLIND_LOOKS = ["film", "second_read"]


def draw(read):
    """A number 0 <= u < 1 that is this read's for good: the first 48 bits of the SHA-256 of its id, as a fraction.

    The id is random and comes with the signature, so nobody foresees it, and everybody can check it afterwards.
    """
    return int.from_bytes(hashlib.sha256(str(read.pk).encode()).digest()[:6]) / 2**48


def consider(read):
    """Send a report just signed, or an addendum to one, to a second reader where the rules say so.

    Returns the SecondRead, or None. Takes part in the caller's transaction, which holds the study's lock.
    """
    tell_of_miss(read)
    if read.addendum_to_id is None:
        # A new report, after an image joined: what was open on the one before is overtaken.
        SecondRead.objects.filter(study=read.study, stage__in=SecondRead.OPEN).delete()
    elif SecondRead.objects.filter(_of_report(read.addendum_to)).exists():
        return None
    share = read.study.site.second_read_share
    drawn = read.addendum_to_id is None and draw(read) < share
    why = CELLS.get((read.band, read.finding)) or (Why.RANDOM if drawn else None)
    if why is None or (why == Why.LIKELY_ABSENT and not drawn and _full(read.study.site)):
        return None
    return _open(read, why, share=share, drawn=drawn)


def _of_report(first):
    return Q(first=first) | Q(first__addendum_to=first)


def _full(site):
    waiting = SecondRead.objects.filter(study__site=site, why=Why.LIKELY_ABSENT, stage__in=SecondRead.OPEN)
    return waiting.count() >= MOST_OPEN


def _open(read, why, **how):
    made = SecondRead.objects.create(study=read.study, first=read, why=why)
    Event.note(Event.Kind.SECOND_OPENED, study=read.study, second_read=str(made.pk), why=why, **how)
    return made


def tell_of_miss(read):
    """A reader found pneumonia where the AI had said less likely: the clinical lead hears of it at once."""
    if (read.band, read.finding) == (Band.LESS_LIKELY, Finding.PRESENT):
        notices.tell(Notice.Kind.FALSE_NEGATIVE, read.study.site, study=read.study)


def open_at(user):
    """Every open second read at the user's sites, whoever may do it. One whose study is being read anew is not."""
    rows = SecondRead.objects.filter(stage__in=SecondRead.OPEN, study__status=Study.Status.READ)
    return rows.filter(study__site__in=user.sites.values("pk"))


def permitted(user):
    """The open second reads that this user may do: blinded ones of studies that the user knows nothing of, and
    adjudications between two others."""
    own = Read.objects.filter(study=OuterRef("study"), reader=user)
    given = Event.objects.filter(kind=Event.Kind.HAND_OVER, study=OuterRef("study"), detail__to=str(user.pk))
    knows = Exists(_looks(user).filter(study=OuterRef("study"))) | Exists(given)
    if user.has_role(Role.CLINICAL_LEAD):
        knows |= Exists(_told(user))
    if permissions.may_see_results(user):
        knows |= Exists(_listed(user))
    return open_at(user).exclude(Exists(own)).exclude(Q(stage=Stage.SECOND) & knows)


def has_looked(user, study):
    """Whether the history has this user seeing what the AI, or the report, says of the study."""
    return _looks(user).filter(study=study).exists()


def _looks(user):
    return Event.objects.filter(kind__in=LOOKED, actor=user).exclude(detail__has_any_keys=BLIND_LOOKS)


def _told(user):
    """The notices of misses that this clinical lead has seen, or got by e-mail: they say what the AI said."""
    missed = Notice.objects.filter(kind=Notice.Kind.FALSE_NEGATIVE, study=OuterRef("study"))
    return missed if user.mail_notices else missed.filter(created_at__lte=user.notices_seen_at)


def _listed(user):
    """The lists of results since the report was signed that held its day, whatever the site's time zone."""
    signed, day = OuterRef("first__signed_at"), timedelta(days=1)
    lists = Event.objects.filter(kind=Event.Kind.RESULTS, actor=user, site=OuterRef("study__site"), at__gte=signed)
    days = {name: Cast(KT(f"detail__{name}"), DateTimeField()) for name in ("first", "last")}
    return lists.alias(**days).filter(first__lte=signed + day, last__gte=signed - 2 * day)


def waiting(user):
    """Those that this user may do and nobody else holds, the oldest first: an order that says nothing of the reason."""
    held_by_others = Q(claimed_until__gt=Now()) & ~Q(claimed_by=user)
    rows = permitted(user).exclude(held_by_others)
    return rows.select_related("study__site").order_by("created_at", "id")


def by_urgency(rows):
    """Missed pneumonias first, then false alarms, then those drawn at random; inside each the oldest first."""
    urgency = Case(*[When(why=why, then=Value(place)) for place, why in enumerate(URGENCY)])
    return rows.order_by(urgency, "created_at", "id")


@dataclass(frozen=True)
class Stuck:
    """Open second reads of a site that nobody there can do: it has `readers` radiologists, and `needed` must differ."""

    site: Site
    readers: int
    needed: int
    waiting: int


def stuck(user):
    """The Stuck of the user's sites: a second reader is not the first, and a third neither of the two."""
    radiologist = Q(users__is_active=True, users__roles__contains=[Role.RADIOLOGIST])
    mine = Site.objects.filter(pk__in=user.sites.values("pk"))
    sites = mine.annotate(readers=Count("users", filter=radiologist, distinct=True)).in_bulk()
    waiting = open_at(user).order_by().values_list("study__site", "stage").annotate(Count("pk"))
    found = [(sites[site], 2 if stage == Stage.SECOND else 3, number) for site, stage, number in waiting]
    return [Stuck(site, site.readers, needed, number) for site, needed, number in found if site.readers < needed]
