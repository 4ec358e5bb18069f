"""Claiming, reading, signing. A claim is a lease: renewed by the reader's activity, returned by the sweep."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Coalesce, Now

from screening import lifecycle, standing, worklist
from screening.models import Band, Draft, Event, Finding, Read, Study

S = Study.Status


class NotYours(Exception):
    """The claim is somebody else's, or ran out: nothing was written. `sentence` says what to do next."""

    def __init__(self, sentence):
        super().__init__(sentence)
        self.sentence = sentence


class NewImage(NotYours):
    """An image joined the study since the reader opened it; it must be seen before signing."""


def _claim_end():
    return Now() + timedelta(minutes=settings.CLAIM_MINUTES)


def _first(field):
    return Coalesce(field, Now())


@transaction.atomic
def claim(study, reader):
    """Claim this study, or renew the reader's own claim. Raises NotYours where it is not waiting for a reader."""
    held = Study.objects.select_for_update().filter(pk=study.pk)
    # A claim that ran out binds nobody, also before the sweep comes by.
    expire_claims(held)
    study.refresh_from_db(from_queryset=held)
    if study.status == S.READING and study.claimed_by_id == reader.pk:
        return renew(study, reader)
    if study.status not in Study.WAITING:
        raise NotYours(_where_it_is(study))
    claimed = {"claimed_by": reader, "claimed_until": _claim_end(), "first_claimed_at": _first("first_claimed_at")}
    lifecycle.move(study, S.READING, Event.Kind.CLAIM, actor=reader, **claimed)
    study.refresh_from_db()
    return study


def _where_it_is(study):
    if study.status == S.READING:
        return "Another reader has this study. Take the next one from the worklist."
    return f"This study is {study.get_status_display()}; it is not waiting for a reader."


@transaction.atomic
def claim_next(studies, reader):
    """Claim the study on top of the given worklist studies (a queryset), skipping those locked; None where it is empty.

    Two readers who press together get two different studies.
    """
    now = worklist.database_now()
    free = studies.filter(status__in=Study.WAITING).select_related(None)
    for position in range(len(worklist.RANGES)):
        rows = worklist.in_range(free, position, now).select_for_update(skip_locked=True, of=("self",))
        study = next(iter(rows[:1]), None)
        if study:
            return claim(study, reader)
    return None


def renew(study, reader):
    """Push the end of the reader's live claim. Raises NotYours where it is gone."""
    held = Study.objects.filter(pk=study.pk, status=S.READING, claimed_by=reader, claimed_until__gt=Now())
    if not held.update(claimed_until=_claim_end()):
        raise NotYours("Your claim on this study has ended. Your draft is kept; claim the study again to go on.")
    study.refresh_from_db()
    return study


@transaction.atomic
def release(study, reader):
    """Give the study back to its old place. The draft is kept. Raises NotYours where the claim is not the reader's."""
    held = Study.objects.select_for_update().filter(pk=study.pk, status=S.READING, claimed_by=reader).first()
    if held is None:
        raise NotYours("This study is not claimed by you; nothing was changed.")
    lifecycle.move(held, standing.waiting_status(held), Event.Kind.RELEASE, actor=reader)
    return held


@transaction.atomic
def expire_claims(among=Study.objects):
    """Return every study (of those given) whose claim ran out to where its screening stands; returns how many."""
    late = among.filter(status=S.READING, claimed_until__lt=Now())
    studies = list(late.select_for_update(skip_locked=True))
    for study in studies:
        detail = {"reader": str(study.claimed_by_id)}
        lifecycle.move(study, standing.waiting_status(study), Event.Kind.CLAIM_EXPIRED, detail=detail)
    return len(studies)


def save_draft(study, reader, finding="", comment=""):
    """Keep what the reader has entered so far; one draft a reader and study."""
    values = {"finding": finding if finding in Finding.values else "", "comment": comment[:4000], "saved_at": Now()}
    Draft.objects.update_or_create(study=study, reader=reader, defaults=values)


@transaction.atomic
def sign(study, reader, *, version, finding, comment=""):
    """Sign a read of the study as the reader saw it (`version`). Needs a live claim; never overwrites.

    Returns the Read. Raises NotYours (claim lost) or NewImage (an image joined since `version`).
    """
    held = Study.objects.select_for_update().get(pk=study.pk)
    if held.status != S.READING or held.claimed_by_id != reader.pk:
        raise NotYours("Your claim on this study has ended, and nothing was signed. Your draft is kept.")
    if held.version != version:
        raise NewImage(
            "A new image joined this study, or a view was corrected, while you read it. Look at it, then sign."
        )
    live = {"claimed_by": reader, "claimed_until__gt": Now()}
    try:
        said = {"finding": finding}
        lifecycle.move(
            held, S.READ, Event.Kind.SIGN, actor=reader, only_if=live, detail=said, signed_at=_first("signed_at")
        )
    except lifecycle.Overtaken:
        raise NotYours("Your claim on this study ran out, and nothing was signed. Your draft is kept.") from None
    Draft.objects.filter(study=study, reader=reader).delete()
    return _write(held, reader, finding, comment)


@transaction.atomic
def addend(study, reader, *, finding, comment):
    """Add an addendum to a signed study; it may correct the finding, the latest counts. NotYours if unsigned."""
    first = study.reads.filter(addendum_to=None).last()
    if first is None:
        raise NotYours("This study has no signed read yet; claim and sign it first.")
    Event.note(Event.Kind.ADDEND, actor=reader, study=study, finding=finding)
    return _write(study, reader, finding, comment, addendum_to=first)


def _write(study, reader, finding, comment, addendum_to=None):
    return Read.objects.create(
        study=study,
        reader=reader,
        addendum_to=addendum_to,
        finding=Finding(finding),
        comment=comment,
        band=study.band,
        probability=study.probability,
        model_version=study.model_version,
        discordant=discordant(study.band, finding),
    )


def discordant(band, finding):
    """Whether reader and AI contradict each other: likely and absent, or less likely and present."""
    return (band, finding) in {(Band.LIKELY, Finding.ABSENT), (Band.LESS_LIKELY, Finding.PRESENT)}
