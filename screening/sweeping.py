"""The sweep: whatever was lost on the way comes back, at the latest so many seconds later.

Leases that ran out go back in the queue, films that nobody asked a version at work about get their screening, and what
waits unheard is rung for again. One runs at a time, whoever starts it.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from screening import missing, queue, rollout, standing
from screening.models import Job, Screening

State = Screening.State

CRASHES_TO_QUARANTINE = 3
# Screenings that a sweep rings for at the most: 10 messages of 32 ids.
RINGS_A_SWEEP = 320


@dataclass(frozen=True)
class Swept:
    """What a sweep did: ids to ring for (of jobs one a kind), and counts."""

    screenings: list
    jobs: list
    expired: int
    quarantined: int
    inserted: int


@transaction.atomic
def sweep():
    """Expired leases back to pending, missing screenings inserted. A Swept, or None where another sweep runs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [rollout.SWEEP_LOCK])
        if not cursor.fetchone()[0]:
            return None
    outcomes = [_expire(Screening), _expire(Job)]
    versions = rollout.at_work()
    if versions:
        rollout.tidy()
    inserted = _insert_missing(versions)
    return Swept(
        screenings=_to_ring(Screening.objects.all(), RINGS_A_SWEEP),
        # A slice takes whatever of its kind is due.
        jobs=[pk for kind in Job.Kind for pk in _to_ring(Job.objects.filter(kind=kind), 1)],
        expired=sum(expired for expired, _ in outcomes),
        quarantined=sum(quarantined for _, quarantined in outcomes),
        inserted=inserted,
    )


def _expire(model):
    """End every lease that ran out: counts (expired, quarantined of those)."""
    expired = model.objects.filter(state=State.LEASED, lease_until__lt=Now())
    rows = list(expired.select_for_update(skip_locked=True).only("pk", "alone", "crashes"))
    together = [row.pk for row in rows if not row.alone]
    alone = [row.pk for row in rows if row.alone and row.crashes + 1 < CRASHES_TO_QUARANTINE]
    poison = [row for row in rows if row.alone and row.crashes + 1 >= CRASHES_TO_QUARANTINE]
    model.objects.filter(pk__in=together).update(state=State.PENDING, alone=True, lease_owner="")
    model.objects.filter(pk__in=alone).update(state=State.PENDING, crashes=F("crashes") + 1, lease_owner="")
    model.objects.filter(pk__in=[row.pk for row in poison]).update(
        state=State.QUARANTINED,
        crashes=F("crashes") + 1,
        ended_at=Now(),
        error_code="worker_died",
        error_sentence=gettext_noop("The worker died three times on this alone; it was taken out of the queue."),
    )
    standing.recompute_for(poison)
    return len(rows), len(poison)


def _insert_missing(versions):
    """A screening for every image that has none for a version at work, among the next studies of the worklist.

    Where some had none the next are looked at too, bounded.
    """
    inserted = 0
    for _ in range(missing.LOTS):
        studies = missing.next_studies()
        more = sum(len(queue.enqueue_for(missing.images(studies, version), version)) for version in versions)
        inserted += more
        if not more:
            break
    return inserted


def _to_ring(rows, most):
    """Ids of pending rows of a queryset that nobody rang for of late, up to `most`; marks them as rung.

    A row that somebody holds at this moment is left: each could wait for the other.
    """
    recently = Now() - timedelta(seconds=settings.SWEEP_S)
    quiet = rows.filter(state=State.PENDING, next_attempt_at__lte=Now())
    quiet = quiet.filter(Q(rang_at=None) | Q(rang_at__lt=recently))
    quiet = quiet.select_for_update(skip_locked=True, of=("self",))
    ids = list(quiet.order_by("priority", "due_at", "id").values_list("pk", flat=True)[:most])
    queue.type_of(rows).filter(pk__in=ids).update(rang_at=Now())
    return ids
