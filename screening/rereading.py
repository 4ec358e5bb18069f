"""Doing a second read, or deciding as the third: claim, draft, release, sign. The study itself stays read throughout.

The claim is a lease on the `SecondRead` alone, as long as one on a study; see `screening.reading`.
"""

import secrets

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from screening import reading, second_reads
from screening.models import Draft, Event, Read, SecondRead, Study

Stage = SecondRead.Stage
# One in so many who ask for the next one gets the oldest, whatever its reason: those drawn at random are read too, and
# what one is given says less of why it is there.
ONE_IN = 4

ENDED = gettext_noop("Your claim on this second read has ended, and nothing was signed. Your draft is kept.")
NOT_YOURS_TO_READ = gettext_noop(
    "This second read is not for you: you know the report, or another reader has it. Take the next one."
)
UNBLINDED = gettext_noop(
    "You have seen the report or the AI's answer since you claimed this second read. It would not be blinded, and "
    "nothing was signed. Release it for another reader."
)
REOPENED = gettext_noop(
    "An image joined this study since its report, or somebody reads it anew: this second read is over, and nothing was "
    "signed."
)


@transaction.atomic
def claim(second, reader):
    """Claim this second read, or renew the reader's own claim. Raises NotYours where it is not this reader's to do."""
    held = SecondRead.objects.select_for_update().filter(pk=second.pk)
    expire_claims(held)
    found = second_reads.waiting(reader).filter(pk=second.pk).first()
    if found is None:
        raise reading.NotYours(_(NOT_YOURS_TO_READ))
    return renew(found, reader) if found.claimed_by_id == reader.pk else _take(found, reader)


@transaction.atomic
def claim_next(reader):
    """Claim the most urgent one that this reader may do, skipping those locked; None where there is none.

    Two readers who press together get two different ones.
    """
    expire_claims()
    free = second_reads.waiting(reader).filter(claimed_by=None)
    rows = free if secrets.randbelow(ONE_IN) == 0 else second_reads.by_urgency(free)
    found = rows.select_for_update(skip_locked=True, of=("self",)).first()
    return found and _take(found, reader)


def _take(second, reader):
    free = SecondRead.objects.filter(pk=second.pk, claimed_by=None, stage=second.stage)
    if not free.update(claimed_by=reader, claimed_until=reading.claim_end()):
        raise reading.NotYours(_(NOT_YOURS_TO_READ))
    _note(Event.Kind.SECOND_CLAIM, second, reader)
    second.refresh_from_db(fields=["claimed_by", "claimed_until"])
    return second


def _note(kind, second, actor, **detail):
    Event.note(kind, actor=actor, study=second.study, second_read=str(second.pk), **detail)


def _live(second, reader):
    return SecondRead.objects.filter(
        pk=second.pk, claimed_by=reader, claimed_until__gt=Now(), stage__in=SecondRead.OPEN
    )


def held(user, study):
    """The second read of this study that the user holds a live claim on, or None: also where it is read anew."""
    if study.status != Study.Status.READ:
        return None
    return study.second_reads.filter(claimed_by=user, claimed_until__gt=Now()).first()


def renew(second, reader):
    """Push the end of the reader's live claim. Raises NotYours where it is gone."""
    if not _live(second, reader).update(claimed_until=reading.claim_end()):
        raise reading.NotYours(_(ENDED))
    second.refresh_from_db(fields=["claimed_by", "claimed_until"])
    return second


@transaction.atomic
def release(second, reader):
    """Give it back to the list. The draft is kept. Raises NotYours where the claim is not the reader's."""
    mine = SecondRead.objects.filter(pk=second.pk, claimed_by=reader)
    if not mine.update(claimed_by=None, claimed_until=None):
        raise reading.NotYours(_("This second read is not claimed by you; nothing was changed."))
    _note(Event.Kind.RELEASE, second, reader)


@transaction.atomic
def expire_claims(among=SecondRead.objects):
    """Give back every second read (of those given) whose claim ran out; returns how many."""
    late = among.filter(claimed_until__lt=Now()).select_for_update(skip_locked=True, of=("self",))
    rows = list(late.select_related("study"))
    for second in rows:
        _note(Event.Kind.CLAIM_EXPIRED, second, None, reader=str(second.claimed_by_id))
    SecondRead.objects.filter(pk__in=[second.pk for second in rows]).update(claimed_by=None, claimed_until=None)
    return len(rows)


@transaction.atomic
def sign(second, reader, *, version, **said):
    """Sign the study's second read, or the adjudication where two differ (`said` holds `reading.FIELDS`).

    Needs a live claim and the study as the reader saw it (`version`). Two reads that agree settle it; two that differ
    go to a third reader, whose finding counts from then on. Returns the Read; raises NotYours or NewImage.
    """
    said = reading.tidied(**said)
    # The study before the second read, as whoever signs a report locks them.
    study = Study.objects.select_for_update(of=("self",)).select_related("site").get(pk=second.study_id)
    held = _live(second, reader).select_for_update().first()
    if study.status != Study.Status.READ:
        raise reading.NotYours(_(REOPENED))
    if held is None:
        raise reading.NotYours(_(ENDED))
    if not second_reads.permitted(reader).filter(pk=held.pk).exists():
        raise reading.NotYours(_(UNBLINDED))
    if study.version != version:
        raise reading.NewImage(
            _("A picture or a report of this study has changed while you read it. Look at it, then sign.")
        )
    Draft.objects.filter(study=study, reader=reader).delete()
    sign_stage = _sign_second if held.stage == Stage.SECOND else _adjudicate
    read = sign_stage(held, study, reader, said)
    second_reads.tell_of_miss(read)
    return read


def _sign_second(second, study, reader, said):
    # What counts at this moment: an addendum may have corrected the first report.
    agrees = same(reading.report(study), said["finding"])
    read = reading.write(study, reader, said, kind=Read.Kind.SECOND)
    _note(Event.Kind.SECOND_SIGN, second, reader, agrees=agrees)
    _close(second, Stage.SETTLED if agrees else Stage.ADJUDICATION, second=read)
    return read


def _adjudicate(second, study, reader, said):
    read = reading.write(study, reader, said, kind=Read.Kind.ADJUDICATION)
    _note(Event.Kind.ADJUDICATE, second, reader, upheld=same(second.first, said["finding"]))
    _close(second, Stage.SETTLED, adjudication=read)
    return read


def same(read, finding):
    """Whether two readers agree: the same answer to the one question. Side and certainty are noted, not compared."""
    return read.finding == finding


def _close(row, stage, **fields):
    if stage == Stage.SETTLED:
        fields["settled_at"] = Now()
    ended = {"claimed_by": None, "claimed_until": None}
    SecondRead.objects.filter(pk=row.pk).update(stage=stage, **ended, **fields)
