"""What the operations page shows: workers, depth, failures, all from the ledger. No patient data."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Min, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from screening import queue
from screening.models import BACKGROUND, Event, Heartbeat, Job, ModelVersion, Priority, Screening, Study
from screening.said_elsewhere import said
from workers import dispatch, heartbeat

State = Screening.State
ENDED_BADLY = (State.FAILED, State.QUARANTINED)
# Studies named under one reason; the count beside it is of all.
NAMED = 20
LATELY = timedelta(hours=1)


@dataclass(frozen=True)
class Depth:
    """The queue of one class: how many are pending and running, and since when the oldest pending one waits."""

    label: str
    pending: int
    running: int
    oldest: datetime | None


@dataclass(frozen=True)
class Failure:
    """Screenings that ended with one reason: the latest sentence, how many, and some of their studies (ids)."""

    code: str
    sentence: str
    count: int
    studies: list


def depths():
    """A Depth for each class, in order, then the background's; synthetic studies use the same workers, and count."""
    found = Screening.objects.values("priority").annotate(
        pending=Count("pk", filter=Q(state=State.PENDING)),
        running=Count("pk", filter=Q(state=State.LEASED)),
        oldest=Min("created_at", filter=Q(state=State.PENDING)),
    )
    by_class = {row["priority"]: row for row in found.filter(state__in=Screening.UNSETTLED).order_by()}
    empty = {"pending": 0, "running": 0, "oldest": None}
    rows = [(priority.label, by_class.get(priority, empty)) for priority in Priority]
    rows += [(_("background: shadow, read again"), by_class[BACKGROUND])] if BACKGROUND in by_class else []
    return [Depth(label, row["pending"], row["running"], row["oldest"]) for label, row in rows]


def workers(kind="model"):
    """[(Heartbeat, alive)] of the screening workers (or what watches folders) of the last hour, the latest first."""
    alive = {beat.pk for beat in heartbeat.alive(kind)}
    lately = Heartbeat.objects.filter(kind=kind, seen_at__gt=Now() - LATELY)
    return [(beat, beat.pk in alive) for beat in lately.order_by("-seen_at")]


def last_sweep():
    """When the sweep ran last, or None."""
    return Heartbeat.objects.filter(kind="sweep").values_list("seen_at", flat=True).first()


def _failed():
    """Failed screenings of the active version; those of withdrawn studies are nobody's work."""
    active = ModelVersion.objects.filter(active=True)
    failed = Screening.objects.filter(state__in=ENDED_BADLY, model_version__in=active)
    return failed.exclude(image__study__status=Study.Status.WITHDRAWN)


def failures():
    """A Failure a reason, the most frequent first."""
    codes = _failed().order_by().values_list("error_code").annotate(count=Count("pk")).order_by("-count", "error_code")
    return [_failure(code, count) for code, count in codes]


def _failure(code, count):
    rows = _failed().filter(error_code=code).select_related("image").order_by("-ended_at")[:NAMED]
    studies = list(dict.fromkeys(row.image.study_id for row in rows))
    return Failure(code, said(rows[0].error_sentence) if rows else "", count, studies)


def waiting():
    """[(sentence, how many)] of the work that is tried again later, by what it waits for; the most frequent first."""
    found = Counter()
    for model in (Screening, Job):
        later = model.objects.filter(state=State.PENDING, next_attempt_at__gt=Now()).exclude(error_sentence="")
        found.update(dict(later.order_by().values_list("error_sentence").annotate(count=Count("pk"))))
    return [(said(sentence), count) for sentence, count in found.most_common()]


def jobs():
    """[{kind, pending, running, failed, oldest}] of the other work: archives, and where the model looked."""
    counted = Job.objects.values("kind").annotate(
        pending=Count("pk", filter=Q(state=State.PENDING)),
        running=Count("pk", filter=Q(state=State.LEASED)),
        failed=Count("pk", filter=Q(state__in=ENDED_BADLY)),
        oldest=Min("created_at", filter=Q(state=State.PENDING)),
    )
    by_kind = {row["kind"]: row for row in counted.order_by()}
    empty = {"pending": 0, "running": 0, "failed": 0, "oldest": None}
    return [{"label": kind.label, **by_kind.get(kind, empty), "kind": kind.value} for kind in Job.Kind]


@transaction.atomic
def retry(code, actor, study=None):
    """Try every screening again that failed for this reason (of one study, where given); returns how many."""
    failed = _failed().filter(error_code=code)
    failed = failed.filter(image__study=study) if study else failed
    studies = list(Study.objects.filter(images__screenings__in=failed).distinct())
    ids = queue.retry(Screening.objects.filter(pk__in=failed.values("pk")))
    for each in studies:
        Event.note(Event.Kind.RETRY, actor=actor, study=each, reason=code)
    dispatch.ring(ids)
    return len(ids)


@transaction.atomic
def retry_jobs(kind, actor):
    """Try every failed job of a kind again; returns how many."""
    ids = queue.retry(Job.objects.filter(kind=kind))
    if ids:
        Event.note(Event.Kind.RETRY, actor=actor, work=kind, jobs=len(ids))
        dispatch.ring_for_job(Job.objects.get(pk=ids[0]))
    return len(ids)


def failed_lately():
    """How many screenings ended badly in the last hour."""
    return _failed().filter(ended_at__gt=Now() - LATELY).count()
