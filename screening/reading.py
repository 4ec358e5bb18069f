"""Claiming, reading, signing. A claim is a lease: renewed by the reader's activity, returned by the sweep."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, F, Func, Q
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext as _

from screening import blinding, lifecycle, second_reads, standing, worklist
from screening.models import Certainty, Draft, Event, Finding, Read, SecondRead, Side, Study

S = Study.Status
# What a reader says of a study; the names of the columns of a Report.
FIELDS = ("finding", "side", "certainty", "comment", "urgent", "told_to", "told_at")
# Where there may be something to see, it has a side.
SIDED = (Finding.PRESENT, Finding.INDETERMINATE)


class NotYours(Exception):
    """The claim is somebody else's, or ran out: nothing was written. `sentence` says what to do next."""

    def __init__(self, sentence):
        super().__init__(sentence)
        self.sentence = sentence


class NewImage(NotYours):
    """An image joined the study since the reader opened it; it must be seen before signing."""


class ChangedElsewhere(NotYours):
    """The reader's own draft was changed in another tab since this one saw it; `draft` is the one that is stored."""

    def __init__(self, draft):
        super().__init__(_("This draft was changed in another tab. Nothing was overwritten: compare, then keep one."))
        self.draft = draft


def claim_end():
    """When a claim that begins or is renewed now ends, as an expression for the database."""
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
    return _take(study, reader)


def _take(study, reader):
    """Claim a study that waits, and that the caller's transaction holds."""
    claimed = {"claimed_by": reader, "claimed_until": claim_end(), "first_claimed_at": _first("first_claimed_at")}
    lifecycle.move(study, S.READING, Event.Kind.CLAIM, actor=reader, **claimed)
    study.refresh_from_db()
    return study


def _where_it_is(study):
    if study.status == S.READING:
        return _("Another reader has this study. Take the next one from the worklist.")
    # Translators: %(status)s is a status such as "withdrawn".
    return _("This study is %(status)s; it is not waiting for a reader.") % {"status": study.get_status_display()}


@transaction.atomic
def claim_next(studies, reader):
    """Claim the study on top of the given worklist studies (a queryset), skipping those locked; None where it is empty.

    Two readers who press together get two different studies.
    """
    free = studies.filter(status__in=Study.WAITING).select_related(None)
    for ids in worklist.free(reader.sites.values_list("pk", flat=True)):
        top = free.filter(pk__in=ids).order_by(worklist.as_listed(ids))
        study = top.select_for_update(skip_locked=True, of=("self",)).first()
        if study:
            return _take(study, reader)
    return None


def renew(study, reader):
    """Push the end of the reader's live claim. Raises NotYours where it is gone."""
    held = Study.objects.filter(pk=study.pk, status=S.READING, claimed_by=reader, claimed_until__gt=Now())
    if not held.update(claimed_until=claim_end()):
        # Translators: %(why)s is a sentence, such as "Your claim on this study has ended."
        sentence = _("%(why)s Your draft is kept; claim the study again to go on.")
        raise NotYours(sentence % {"why": _why_it_ended(study, reader)})
    study.refresh_from_db()
    return study


def _why_it_ended(study, reader):
    """What the history says last of how this reader's claim ended."""
    kinds = (Event.Kind.BREAK_LOCK, Event.Kind.HAND_OVER, Event.Kind.CLAIM_EXPIRED)
    mine = Q(kind__in=kinds, detail__reader=str(reader.pk)) | Q(kind=Event.Kind.CLAIM, actor=reader)
    ended = Event.objects.filter(mine, study=study).select_related("actor").order_by("id").last()
    if ended and ended.kind == Event.Kind.BREAK_LOCK:
        name = ended.actor.get_full_name() or ended.actor.username
        return _("%(name)s ended your claim on this study.") % {"name": name}
    if ended and ended.kind == Event.Kind.HAND_OVER:
        return _("You have handed this study over.")
    return _("Your claim on this study has ended.")


@transaction.atomic
def release(study, reader):
    """Give the study back to its old place. The draft is kept. Raises NotYours where the claim is not the reader's."""
    held = Study.objects.select_for_update().filter(pk=study.pk, status=S.READING, claimed_by=reader).first()
    if held is None:
        raise NotYours(_("This study is not claimed by you; nothing was changed."))
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


@transaction.atomic
def save_draft(study, reader, said, seen=None):
    """Keep what the reader has entered so far (a dict of FIELDS); one draft a reader and study.

    `seen` is the `saved_at` of the draft that the reader's page showed, None where it showed none. Raises
    ChangedElsewhere where another tab has stored other words since. Returns the Draft; None where nothing was entered.
    """
    mine = {"study": study, "reader": reader}
    if not any(said.values()) and not Draft.objects.filter(**mine).exists():
        return None
    draft, new = Draft.objects.select_for_update().get_or_create(**mine, defaults=said)
    if not new and any(getattr(draft, name) != value for name, value in said.items()):
        if draft.saved_at != seen:
            raise ChangedElsewhere(draft)
        # Not the transaction's own time: two drafts never have the same.
        moment = Func(function="clock_timestamp", output_field=DateTimeField())
        Draft.objects.filter(pk=draft.pk).update(**said, saved_at=moment)
    draft.refresh_from_db()
    return draft


@transaction.atomic
def show_ai(study, reader):
    """Commit the finding in the reader's draft as the one before the AI's answer was shown: the first stays for good.

    Raises NotYours where the claim is gone, or the draft holds no finding yet.
    """
    renew(study, reader)
    if not blinding.hides_ai(study, reader):
        return
    draft = Draft.objects.select_for_update().filter(study=study, reader=reader).exclude(finding="").first()
    if draft is None:
        raise NotYours(_("Choose a finding first: the AI's answer is shown after it."))
    Draft.objects.filter(pk=draft.pk).update(blind_finding=draft.finding)
    Event.note(Event.Kind.AI_SHOWN, actor=reader, study=study, finding=draft.finding)


def tidied(finding, *, side="", certainty="", comment="", urgent="", told_to="", told_at=None):
    """The FIELDS of a Read as they are signed: no side where nothing is seen, nobody told where nothing is urgent.

    Whoever was told without a time was told now. Raises ValueError for a value that is none of its choices.
    """
    finding = Finding(finding)
    if told_to and not told_at:
        told_at = worklist.database_now()
    return {
        "finding": finding,
        "side": Side(side) if side and finding in SIDED else "",
        "certainty": Certainty(certainty) if certainty else "",
        "comment": comment,
        "urgent": urgent,
        "told_to": told_to if urgent else "",
        "told_at": told_at if urgent and told_to else None,
    }


@transaction.atomic
def sign(study, reader, *, version, **said):
    """Sign a read of the study as the reader saw it (`version`). Needs a live claim; never overwrites.

    `said` holds FIELDS, the finding among them. Returns the Read. Raises NotYours (claim lost) or NewImage (an image
    joined since `version`).
    """
    said = tidied(**said)
    held = Study.objects.select_for_update().get(pk=study.pk)
    if held.status != S.READING or held.claimed_by_id != reader.pk:
        # Translators: %(why)s is a sentence, such as "Your claim on this study has ended."
        sentence = _("%(why)s So nothing was signed, and your draft is kept.")
        raise NotYours(sentence % {"why": _why_it_ended(study, reader)})
    if held.version != version:
        raise NewImage(
            _("A new image joined this study, or a view was corrected, while you read it. Look at it, then sign.")
        )
    live = {"claimed_by": reader, "claimed_until__gt": Now()}
    detail = {"finding": said["finding"]}
    try:
        lifecycle.move(
            held, S.READ, Event.Kind.SIGN, actor=reader, only_if=live, detail=detail, signed_at=_first("signed_at")
        )
    except lifecycle.Overtaken:
        raise NotYours(_("Your claim on this study ran out, and nothing was signed. Your draft is kept.")) from None
    drafts = Draft.objects.filter(study=study, reader=reader)
    first = drafts.values_list("blind_finding", flat=True).first() or said["finding"]
    drafts.delete()
    read = write(held, reader, said, blind_finding=first if held.site.blind_first else "")
    second_reads.consider(read)
    return read


@transaction.atomic
def addend(study, reader, **said):
    """Add an addendum (`said` holds FIELDS) to a signed study; it may correct the finding, the latest counts.

    Raises NotYours where the study is unsigned.
    """
    said = tidied(**said)
    study = Study.objects.select_for_update(of=("self",)).select_related("site").get(pk=study.pk)
    first = study.reads.filter(addendum_to=None, kind=Read.Kind.FIRST).last()
    if first is None:
        raise NotYours(_("This study has no signed read yet; claim and sign it first."))
    Draft.objects.filter(study=study, reader=reader).delete()
    if study.second_reads.filter(stage=SecondRead.Stage.ADJUDICATION).exists():
        # Whoever decides between two reads has to see this one.
        Study.objects.filter(pk=study.pk).update(version=F("version") + 1)
    Event.note(Event.Kind.ADDEND, actor=reader, study=study, finding=said["finding"])
    read = write(study, reader, said, addendum_to=first)
    second_reads.consider(read)
    return read


def write(study, reader, said, **more):
    """Write a Read of `study` with what is `said` (as `tidied`), and with what the AI says of it now."""
    return Read.objects.create(
        study=study,
        reader=reader,
        band=study.band,
        probability=study.probability,
        model_version=study.model_version,
        discordant=discordant(study.band, said["finding"]),
        **said,
        **more,
    )


def report(study):
    """The Read that counts now: the latest of report, addenda and adjudication; None where nothing is signed.

    Reads `study.reads.all()`, so that many studies may prefetch them.
    """
    counting = [read for read in study.reads.all() if read.kind != Read.Kind.SECOND]
    # Of what was signed at one instant the report came first.
    counting.sort(key=lambda read: (read.signed_at, corrects(read)))
    return counting[-1] if counting else None


def corrects(read):
    """Whether a Read comes after a report: an addendum or an adjudication."""
    return read.addendum_to_id is not None or read.kind == Read.Kind.ADJUDICATION


def discordant(band, finding):
    """Whether reader and AI contradict each other: likely and absent, or less likely and present."""
    return (band, finding) in second_reads.CELLS
