"""Claims that change hands: given to a colleague by their reader, or ended by whoever runs the house."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from screening import lifecycle, permissions, reading, standing
from screening.models import Draft, Event, Role, Study, User

S = Study.Status
TAKEN = (Event.Kind.CLAIM, Event.Kind.HAND_OVER)


@dataclass(frozen=True)
class Claim:
    """A live claim, without anything of the patient."""

    study: Study
    since: datetime


def running(studies=None):
    """The live claims (of the given studies), the oldest first."""
    begun = Event.objects.filter(study=OuterRef("pk"), kind__in=TAKEN).order_by("-id").values("at")[:1]
    studies = Study.objects.all() if studies is None else studies
    claimed = studies.filter(status=S.READING).select_related("site", "claimed_by")
    found = claimed.annotate(since=Subquery(begun)).order_by("since", "pk")
    return [Claim(study, study.since) for study in found]


def colleagues(study, reader):
    """Who else may read the study."""
    readers = User.objects.filter(is_active=True, roles__contains=[Role.RADIOLOGIST], sites=study.site_id)
    return readers.exclude(pk=reader.pk)


@transaction.atomic
def hand_over(study, reader, to):
    """Give the reader's live claim to `to`, whose lease begins now; a copy of the draft goes along where `to` has none.

    Raises NotYours where the claim is gone, or `to` does not read at the study's site.
    """
    if to.pk == reader.pk or not permissions.may_read(to, study):
        raise reading.NotYours(_("Choose a radiologist of this site to hand over to; nothing was changed."))
    held = Study.objects.filter(pk=study.pk, status=S.READING, claimed_by=reader, claimed_until__gt=Now())
    if not held.update(claimed_by=to, claimed_until=reading.claim_end()):
        raise reading.NotYours(_("Your claim on this study has ended, so it was not handed over. Your draft is kept."))
    draft = Draft.objects.filter(study=study, reader=reader).first()
    if draft:
        said = {name: getattr(draft, name) for name in reading.FIELDS}
        Draft.objects.get_or_create(study=study, reader=to, defaults=said)
    Event.note(Event.Kind.HAND_OVER, actor=reader, study=study, reader=str(reader.pk), to=str(to.pk))


def handed_over_by(study):
    """Who gave the running claim to its reader, or None where the reader took it."""
    event = Event.objects.filter(study=study, kind__in=TAKEN).select_related("actor").order_by("id").last()
    return event.actor if event and event.kind == Event.Kind.HAND_OVER else None


@transaction.atomic
def end(study, actor):
    """End whoever's claim there is on the study: it returns to its old place, and the reader's draft is kept.

    Raises NotYours where nobody has it any more.
    """
    held = Study.objects.select_for_update().filter(pk=study.pk, status=S.READING).first()
    if held is None:
        raise reading.NotYours(_("Nobody has this study claimed any more; nothing was changed."))
    detail = {"reader": str(held.claimed_by_id)}
    lifecycle.move(held, standing.waiting_status(held), Event.Kind.BREAK_LOCK, actor=actor, detail=detail)
