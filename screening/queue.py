"""The queue: claim, complete, fail, return, sweep. The lease and the fence, in SQL.

PostgreSQL is the ledger and the only clock. A Celery message is a ring that may be lost, doubled or late: what is
taken is decided here, at that moment, most urgent first. Every function works on any `Leased` row.
"""

import json
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from screening import missing, rollout, standing
from screening.models import BACKGROUND, Image, Job, Screening, Study

State = Screening.State

CRASHES_TO_QUARANTINE = 3
MAX_TRANSIENT_ATTEMPTS = 5
PREDICT = """
INSERT INTO screening_prediction (id, worker, image_id, model_version_id, logit, probability, band, distance,
    outside_domain, subtypes, preprocess_version, milliseconds, fence)
SELECT gen_random_uuid(), %s, told.*
FROM unnest(%s::uuid[], %s::uuid[], %s::float8[], %s::float8[], %s::text[], %s::float8[], %s::boolean[], %s::jsonb[],
    %s::text[], %s::float8[], %s::bigint[]) AS told
ON CONFLICT (image_id, model_version_id) DO NOTHING
"""
# Backoff of a transient failure: 5 s, 10 s, 20 s, ... capped at 5 minutes.
BACKOFF_S, BACKOFF_CAP_S = 5, 300


class Permanent(Exception):
    """This row can never succeed as it is: `code` is stable, `sentence` is for a person (no patient data)."""

    def __init__(self, code, sentence):
        super().__init__(code)
        self.code, self.sentence = code, sentence


class Transient(Permanent):
    """This row may succeed later: it is tried again, with backoff, up to MAX_TRANSIENT_ATTEMPTS."""


class Outage(Transient):
    """Not this row's fault, a full storage say: it is tried again, with backoff, for as long as that lasts."""


@dataclass(frozen=True)
class Result:
    """What the model says of one leased screening."""

    screening: Screening
    logit: float
    probability: float
    band: str
    preprocess_version: str
    milliseconds: float
    # From the films that the model knows, None where its card has no domain; and whether that is too far.
    distance: float | None = None
    outside_domain: bool = False
    # {"bacterial": p, "viral": p} of a model with three classes.
    subtypes: dict | None = None


def _lease_end():
    return Now() + timedelta(seconds=settings.LEASE_S)


@transaction.atomic
def claim(rows, owner, limit, *, by_arrival=False):
    """Lease up to `limit` pending rows of the queryset `rows` to `owner`; returns them with their new fence.

    The most urgent first, or by arrival, with what is in the background behind every class either way. A row that ran
    in a batch whose lease expired is claimed alone. The caller commits (leaves every transaction) before the work.
    """
    due = rows.filter(state=State.PENDING, next_attempt_at__lte=Now())
    due = due.select_for_update(skip_locked=True, of=("self",))
    found = list(due.filter(priority__lt=BACKGROUND).order_by("created_at", "id")[:limit]) if by_arrival else []
    found = found or list(due.order_by("priority", "due_at", "id")[:limit])
    if found:
        found = found[:1] if found[0].alone else [row for row in found if not row.alone]
    type_of(rows).filter(pk__in=[row.pk for row in found]).update(
        state=State.LEASED,
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        lease_owner=owner,
        lease_until=_lease_end(),
    )
    for row in found:
        row.state, row.fence, row.attempts, row.lease_owner = State.LEASED, row.fence + 1, row.attempts + 1, owner
    return found


def type_of(rows):
    return rows.model.objects


def claim_screenings(owner, loaded, *, by_arrival=False, more_urgent_than=None):
    """Lease one batch of screenings for a worker that has the given model versions (ids) loaded.

    `more_urgent_than`: a priority; only what goes before it is claimed.
    """
    rows = Screening.objects.filter(model_version__in=loaded).select_related("image")
    if more_urgent_than is not None:
        rows = rows.filter(priority__lt=more_urgent_than)
    return claim(rows, owner, settings.BATCH_SIZE, by_arrival=by_arrival)


def is_pending(loaded, more_urgent_than):
    """Whether a worker with these model versions (ids) could claim something before that priority. Claims nothing."""
    with connection.cursor() as cursor:
        # Asked before every batch: as SQL it costs a tenth of a claim that finds nothing.
        cursor.execute(
            "SELECT EXISTS (SELECT FROM screening_screening WHERE model_version_id = ANY(%s::uuid[]) "
            "AND state = 'pending' AND priority < %s AND next_attempt_at <= statement_timestamp())",
            [list(loaded), more_urgent_than],
        )
        return cursor.fetchone()[0]


def _settle(rows, **values):
    """Write `values` to the rows that are still mine: (id, fence) as leased. Returns the set of ids written."""
    if not rows:
        return set()
    table = rows[0]._meta.db_table
    assignments = ", ".join(f'"{name}" = %s' for name in values)
    with connection.cursor() as cursor:
        # Column names come from this module alone; every value is a parameter.
        cursor.execute(
            f'UPDATE "{table}" AS held SET {assignments}, ended_at = CASE WHEN %s THEN NULL ELSE now() END '  # noqa: S608
            "FROM unnest(%s::uuid[], %s::bigint[]) AS mine(id, fence) "
            "WHERE held.id = mine.id AND held.fence = mine.fence AND held.state = 'leased' RETURNING held.id",
            [
                *values.values(),
                values["state"] == State.PENDING,
                [str(row.pk) for row in rows],
                [row.fence for row in rows],
            ],
        )
        return {pk for (pk,) in cursor.fetchall()}


def renew(rows):
    """Push the lease of held rows to L from now. Called by the thread that works, between steps of work."""
    for model in {type(row) for row in rows}:
        mine = [row for row in rows if type(row) is model]
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE \"{model._meta.db_table}\" AS held SET lease_until = now() + %s * interval '1 second' "  # noqa: S608
                "FROM unnest(%s::uuid[], %s::bigint[]) AS mine(id, fence) "
                "WHERE held.id = mine.id AND held.fence = mine.fence AND held.state = 'leased'",
                [settings.LEASE_S, [row.pk for row in mine], [row.fence for row in mine]],
            )


@transaction.atomic
def complete(results, worker):
    """Write a batch of results: done rows, predictions, and the standing of their studies, all or nothing.

    Returns the ids of the screenings that were written; the others had lost their lease, and nothing of them is kept.
    """
    held = [result.screening for result in results]
    written = _settle(held, state=State.DONE, error_code="", error_sentence="")
    kept = [result for result in results if result.screening.pk in written]
    _write_predictions(kept, worker)
    # An image never changes its study: no need to ask for what the claim has read.
    standing.recompute({result.screening.image.study_id for result in kept})
    return written


def _write_predictions(results, worker):
    """Not by bulk_create: it takes as long over a batch as the database. What is there already stays."""
    rows = [
        (
            each.screening.image_id, each.screening.model_version_id, each.logit, each.probability, each.band,
            each.distance, each.outside_domain, json.dumps(each.subtypes) if each.subtypes else None,
            each.preprocess_version, each.milliseconds, each.screening.fence,
        )
        for each in results
    ]  # fmt: skip
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(PREDICT, [worker, *map(list, zip(*rows, strict=True))])


def _recompute_studies_of(rows):
    screenings = [row.pk for row in rows if isinstance(row, Screening)]
    if screenings:
        images = Image.objects.filter(screenings__in=screenings)
        standing.recompute(list(images.values_list("study_id", flat=True).distinct()))


@transaction.atomic
def finish(job):
    """A job is done. False where its lease was lost."""
    return bool(_settle([job], state=State.DONE, error_code="", error_sentence=""))


@transaction.atomic
def fail(row, error):
    """End or put off a held row by the class of `error`: Transient goes back with backoff, Permanent fails at once."""
    values = {"error_code": error.code[:40], "error_sentence": error.sentence[:255]}
    if isinstance(error, Outage) or (isinstance(error, Transient) and row.attempts < MAX_TRANSIENT_ATTEMPTS):
        written = _settle([row], state=State.PENDING, **values)
        wait = min(BACKOFF_S * 2 ** min(row.attempts - 1, 10), BACKOFF_CAP_S)
        type(row).objects.filter(pk__in=written).update(next_attempt_at=Now() + timedelta(seconds=wait))
    else:
        written = _settle([row], state=State.FAILED, **values)
        _recompute_studies_of([row])
    return bool(written)


@transaction.atomic
def give_back(rows):
    """Return unfinished rows at once, as if they had never been claimed: a shutdown punishes nobody."""
    for model in {type(row) for row in rows}:
        written = _settle([row for row in rows if type(row) is model], state=State.PENDING)
        model.objects.filter(pk__in=written).update(attempts=F("attempts") - 1, lease_owner="", lease_until=None)


@transaction.atomic
def retry(rows):
    """Put ended rows (a queryset of failed, quarantined or cancelled ones) back in the queue, with a clean slate."""
    return again(rows.filter(state__in=rows.model.ENDED_BADLY))


def again(rows):
    """Put these ended rows back in the queue; returns their ids. Part of the caller's transaction.

    A picture that the AI is shut off from stays out. A read study is left as it is: what was signed stands. Studies are
    held first, in the order of their ids, as everybody does who handles them.
    """
    if rows.model is Screening:
        rows = rows.filter(image__gate="")
        held = Study.objects.filter(images__screenings__in=rows.values("pk")).values("pk")
        list(Study.objects.select_for_update().filter(pk__in=held).order_by("pk").values_list("pk"))
    ids = list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    held = type_of(rows).filter(pk__in=ids)
    rollout.to_the_start(held)
    if rows.model is Screening:
        unread = Study.objects.filter(images__screenings__in=ids).exclude(status=Study.Status.READ)
        studies = list(unread.values_list("pk", flat=True).distinct())
        rollout.hurry(studies)
        standing.recompute(studies)
    return ids


def enqueue(images):
    """One pending screening an image for each version at work, where there is none yet. Returns the new rows' ids."""
    return [pk for version in rollout.at_work() for pk in enqueue_for(images, version)]


def enqueue_for(images, version):
    """One pending screening an image for `version`, where there is none yet; returns the new rows' ids.

    What nobody waits for stands in the background: a version in shadow, a study that is read.
    """
    rows = []
    for image in images:
        if image.gate == "":
            study = image.study
            waited_for = version.active and study.status in Study.ON_WORKLIST
            priority = study.priority if waited_for else BACKGROUND
            rows.append(Screening(image=image, model_version=version, priority=priority, due_at=study.due_at))
    Screening.objects.bulk_create(rows, ignore_conflicts=True)
    return [row.pk for row in rows]


@transaction.atomic
def cancel(study):
    """Take a study's pending screenings out of the queue."""
    Screening.objects.filter(image__study=study, state=State.PENDING).update(state=State.CANCELLED, ended_at=Now())


def cancel_pending(rows):
    """Take the pending ones of the queryset `rows` out of the queue; returns their ids.

    Part of a transaction that holds their studies. A row that somebody holds at this moment is left: each could wait
    for the other.
    """
    pending = rows.filter(state=State.PENDING).select_for_update(skip_locked=True, of=("self",))
    ids = list(pending.values_list("pk", flat=True))
    type_of(rows).filter(pk__in=ids).update(state=State.CANCELLED, ended_at=Now())
    return ids


def holds(row):
    """Whether this leased row is still ours: nobody has cancelled it, and its lease has not gone to another."""
    return type(row).objects.filter(pk=row.pk, fence=row.fence, state=State.LEASED).exists()


# Sweeping -------------------------------------------------------------------------------------------------------

# Rings a sweep sends at the most: 10 messages of 32 ids.
RINGS_A_SWEEP = 320


@dataclass(frozen=True)
class Swept:
    """What a sweep did: ids to ring for by model, and counts."""

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
        screenings=_to_ring(Screening),
        jobs=_to_ring(Job),
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
    _recompute_studies_of(poison)
    return len(rows), len(poison)


def _insert_missing(versions):
    """A screening for every image that has none for a version at work, among the next studies of the worklist.

    Where some had none the next are looked at too, bounded.
    """
    inserted = 0
    for _ in range(missing.LOTS):
        studies = missing.next_studies()
        more = sum(len(enqueue_for(missing.images(studies, version), version)) for version in versions)
        inserted += more
        if not more:
            break
    return inserted


def _to_ring(model):
    """Ids of pending rows that nobody rang for of late, bounded; marks them as rung."""
    recently = Now() - timedelta(seconds=settings.SWEEP_S)
    quiet = model.objects.filter(state=State.PENDING, next_attempt_at__lte=Now())
    quiet = quiet.filter(Q(rang_at=None) | Q(rang_at__lt=recently))
    ids = list(quiet.order_by("priority", "due_at", "id").values_list("pk", flat=True)[:RINGS_A_SWEEP])
    model.objects.filter(pk__in=ids).update(rang_at=Now())
    return ids
