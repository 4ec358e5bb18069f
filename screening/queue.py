"""The queue: enqueue, claim, complete, fail, return. The lease and the fence, in SQL; `screening.sweeping` sweeps.

PostgreSQL is the ledger and the only clock. A Celery message is a ring that may be lost, doubled or late: what is
taken is decided here, at that moment, most urgent first. Every function works on any `Leased` row.
"""

import json
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from screening import rollout, standing
from screening.models import BACKGROUND, Screening, Study

State = Screening.State

MAX_TRANSIENT_ATTEMPTS = 5
PREDICT = """
INSERT INTO screening_prediction (id, worker, image_id, model_version_id, logit, probability, band, distance,
    outside_domain, subtypes, preprocess_version, milliseconds, fence)
SELECT gen_random_uuid(), %s, told.*
FROM unnest(%s::uuid[], %s::uuid[], %s::float8[], %s::float8[], %s::text[], %s::float8[], %s::boolean[], %s::jsonb[],
    %s::text[], %s::float8[], %s::bigint[]) AS told
ON CONFLICT (image_id, model_version_id) DO NOTHING
"""
ENQUEUE = """
INSERT INTO screening_screening (id, model_version_id, state, attempts, crashes, alone, fence, lease_owner, error_code,
    error_sentence, image_id, priority, due_at)
SELECT gen_random_uuid(), %s, 'pending', 0, 0, false, 0, '', '', '', waiting.*
FROM unnest(%s::uuid[], %s::smallint[], %s::timestamptz[]) AS waiting
ON CONFLICT (image_id, model_version_id) DO NOTHING RETURNING id
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


def came_on(row):
    """A held row has got further without ending its worker: what befell it before counts no more, nor keeps it."""
    held = type(row).objects.filter(pk=row.pk, fence=row.fence, state=State.LEASED)
    held.update(crashes=0, alone=False, error_code="", error_sentence="")


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
        standing.recompute_for([row])
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


def enqueue(images, versions=None):
    """One pending screening an image for each version at work, where there is none yet. Returns the new rows' ids.

    `versions`: what `rollout.at_work` says, where the caller has asked.
    """
    versions = rollout.at_work() if versions is None else versions
    return [pk for version in versions for pk in enqueue_for(images, version)]


def enqueue_for(images, version):
    """One pending screening an image for `version`, where there is none yet; returns the new rows' ids.

    What nobody waits for stands in the background: a version in shadow, a study that is read.
    """
    rows = [
        (image.pk, image.study.priority if _waited_for(image.study, version) else BACKGROUND, image.study.due_at)
        for image in images
        if image.gate == ""
    ]
    if not rows:
        return []
    with connection.cursor() as cursor:  # not by bulk_create: it takes five times as long as the database
        cursor.execute(ENQUEUE, [version.pk, *map(list, zip(*rows, strict=True))])
        return [pk for (pk,) in cursor.fetchall()]


def _waited_for(study, version):
    return version.active and study.status in Study.ON_WORKLIST


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
