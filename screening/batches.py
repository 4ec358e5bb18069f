"""What is done with a batch as a whole: cancelled, tried again, and told as a table.

What its manifest sent to another site goes with it, where whoever does this may handle that too.
"""

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from screening import lifecycle, parts, permissions, queue, rollout, standing
from screening.failures import CANCELLED, HOPELESS, UNDECODABLE
from screening.models import Batch, Event, Image, Job, Screening, Study
from screening.progress import brought
from screening.receipts_table import receipts_csv

__all__ = ["cancel", "of_now", "receipts_csv", "retry"]

State = Screening.State
# Studies that are handled in one transaction: each is away from "Next study" for some 0.1 s.
CHUNK = 200
# A film that somebody held at the first pass is looked for again.
PASSES = 3
# Films that could be decoded by now are taken one after the other, by whoever comes: a few rings are enough.
RINGS = 8
LEFT = gettext_noop("The batch was cancelled before this was done. Try the batch again to go on.")


def of_now(batch):
    """The batch with its site as that is at this moment: it may be told to de-identify while its films are taken."""
    return Batch.objects.select_related("site", "uploaded_by").get(pk=batch.pk)


def cancel(batch, actor):
    """Take no more files into a batch, unpack no more of its archives, apply the AI to no more of its films.

    What is here stays: receipts, and studies on the worklist. An archive that is being unpacked stops at its next
    entry; `retry` goes on with it. A film that a worker has in its hands is still screened. Raises lifecycle.Overtaken
    where the batch is neither open nor being confirmed.
    """
    with transaction.atomic():
        _lock(batch, Batch.State.OPEN, Batch.State.CONFIRMING)
        family = _family(batch, actor)
        _set_state(family, Batch.State.CANCELLED)
        working = batch.jobs.filter(state__in=Job.UNSETTLED)
        jobs = working.update(state=State.CANCELLED, ended_at=Now(), error_code=CANCELLED, error_sentence=LEFT)
        Event.note(Event.Kind.BATCH_CANCELLED, actor=actor, site=batch.site, batch=str(batch.pk), jobs=jobs)
    parts.drop_unfinished(batch)
    for _ in range(PASSES):
        for studies in _chunks(_screenings(family).filter(state=State.PENDING)):
            _cancel_some(family, studies)


@transaction.atomic
def _cancel_some(family, studies):
    list(Study.objects.select_for_update().filter(pk__in=studies).order_by("pk").values_list("pk"))
    queue.cancel_pending(_screenings(family).filter(image__study__in=studies))
    standing.recompute(studies)


def retry(batch, actor, code=None):
    """Try again what failed for the reason `code`, or all that can succeed; returns (screening ids, jobs) to ring for.

    A cancelled batch is open again. Studies that are read or withdrawn stay as they are. Raises lifecycle.Overtaken
    where the batch is a dry run, or was one that is discarded.
    """
    with transaction.atomic():
        _lock(batch, Batch.State.OPEN, Batch.State.CANCELLED, Batch.State.CONFIRMING)
        family = _family(batch, actor)
        jobs = _jobs_again(batch, family, code)
        confirming = batch.jobs.filter(kind=Job.Kind.CONFIRM).exclude(state=State.DONE).exists()
        _set_state(family, Batch.State.CONFIRMING if confirming else Batch.State.OPEN)
        Event.note(Event.Kind.BATCH_RETRIED, actor=actor, site=batch.site, batch=str(batch.pk), code=code or "")
    failed = _of_code(_screenings(family), code).filter(image__study__status__in=Study.ON_WORKLIST)
    failed = failed.filter(model_version__in=rollout.at_work())
    ids = []
    for studies in _chunks(failed):
        with transaction.atomic():
            ids += queue.again(failed.filter(image__study__in=studies))
    return ids, jobs


def _jobs_again(batch, family, code):
    if code in (None, UNDECODABLE):
        _ask_for_decoding(batch, family)
    queue.again(_of_code(batch.jobs.all(), code))
    pending = batch.jobs.filter(state=State.PENDING)
    decoding = Q(kind=Job.Kind.DECODE)
    return [*pending.exclude(decoding), *pending.filter(decoding)[:RINGS]]


def _ask_for_decoding(batch, family):
    """A job for each film that cannot be decoded yet and has none."""
    films = Image.objects.filter(pk__in=brought(*family).values("image"), gate=UNDECODABLE)
    about = {"kind": Job.Kind.DECODE, "batch": batch, "priority": batch.priority}
    jobs = [Job(image_id=image, **about) for image in films.values_list("pk", flat=True)]
    Job.objects.bulk_create(jobs, ignore_conflicts=True, batch_size=1000)


def _of_code(rows, code):
    """Of a queryset of leased rows those that ended badly for this reason, or without one those that can succeed."""
    if code is None:
        return rows.filter(state__in=rows.model.ENDED_BADLY).exclude(error_code__in=HOPELESS)
    if code == CANCELLED:
        return rows.filter(state=State.CANCELLED)
    return rows.filter(state__in=(State.FAILED, State.QUARANTINED), error_code=code)


def _screenings(batches):
    """Those of the films that the batches brought, for every version."""
    return Screening.objects.filter(image__in=brought(*batches).values("image"))


def _chunks(screenings):
    """The ids of their studies, in order, a CHUNK at a time."""
    ids = sorted(set(screenings.order_by().values_list("image__study", flat=True)))
    return [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]


def _lock(batch, *states):
    """Hold the batch's row, in one of these states; receipts, which only refer to it, go on."""
    held = Batch.objects.select_for_update(no_key=True).filter(pk=batch.pk, state__in=states)
    if not held.values_list("pk"):
        raise lifecycle.Overtaken("the batch is not in a state for this")


def _family(batch, actor):
    """The batch, and those of its films' other sites that `actor` may handle (None, which is no person: all)."""
    children = batch.children.select_related("site")
    return [batch, *(each for each in children if actor is None or permissions.may_handle_batch(actor, each))]


def _set_state(batches, state):
    for each in batches:
        Batch.objects.filter(pk=each.pk).update(state=state)
        each.state = state
