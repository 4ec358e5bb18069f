"""Jobs of the operations worker: archives to unpack, and dry runs that were confirmed.

Each is a Job under a lease, its bytes in storage before its sender was answered. It is done in slices, so that a sweep,
a stop or a more urgent job waits for seconds only. A slice that is cut off, by whatever, costs nothing: each entry of
an archive has one receipt, and what has one is not taken again; what a dry run holds is let go once it is taken.
"""

import contextlib
import logging
import time

from django.conf import settings
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from screening import holding, intake, keeping, lifecycle, queue, quotas, sandbox
from screening.abreast import NOT_NOW, as_they_end
from screening.archive import Archive, BadArchive, forget, take_entry, turns
from screening.models import Job
from workers import dispatch, engine

log = logging.getLogger(__name__)

SLICE_S = 10
RENEW_S = settings.LEASE_S / 6
# What was taken is rung for so often: a batch would wait for its last film.
RING_S = 1
HANGS_S = 2


def unpack():
    """Take the entries of pending archives through intake, for about SLICE_S; what is left is rung for again."""
    _work(Job.Kind.ARCHIVE, _unpack)


def confirm():
    """Take what pending confirmations of dry runs hold, for about SLICE_S; what is left is rung for again."""
    _work(Job.Kind.CONFIRM, _confirm)


def _work(kind, do):
    ends = time.monotonic() + SLICE_S
    jobs = Job.objects.filter(kind=kind).select_related("batch__site", "batch__uploaded_by")
    while not engine.stopping() and time.monotonic() < ends:
        claimed = queue.claim(jobs, engine.owner(), 1)
        if not claimed:
            return
        with _putting_off(claimed[0]):
            do(claimed[0], ends)
    if left := jobs.filter(state=Job.State.PENDING, next_attempt_at__lte=Now()).first():
        dispatch.go_on(left)


def _confirm(job, ends):
    def take(receipt):
        return intake.take_held(receipt) if queue.holds(job) else None

    if not _in_slices(job, list(holding.held(job.batch)), take, ends):
        queue.give_back([job])
        return
    with contextlib.suppress(lifecycle.Overtaken):  # somebody has cancelled it at the last moment
        holding.confirmed(job.batch)
    queue.finish(job)


@contextlib.contextmanager
def _putting_off(job):
    """What is no file's fault is waited for: the job is tried again for as long as it lasts, and says why it waits."""
    try:
        yield
    except (keeping.StorageFull, quotas.Exceeded) as over:
        code = "storage_full" if isinstance(over, keeping.StorageFull) else "quota_exceeded"
        queue.fail(job, queue.Outage(code, over.sentence))
    except sandbox.CannotStart:
        queue.fail(job, queue.Outage("no_decoder", gettext_noop("The decoder does not start. Tell an administrator.")))
    except OSError as error:
        log.error("job %s waits for the storage: %s", job.pk, type(error).__name__)
        queue.fail(job, queue.Outage("storage_away", keeping.AWAY))
    except queue.Permanent as error:
        queue.fail(job, error)


def _unpack(job, ends):
    try:
        finished = _take(job, ends)
    except BadArchive as bad:
        intake.refuse(job.batch, job.name, bad.code, job=job, entry=0, size=job.file.size)
        finished = True
    if not finished:
        queue.give_back([job])
    elif queue.finish(job):
        # Every entry has its own original by now.
        forget(Job.objects.filter(pk=job.pk))


def _take(job, ends):
    """Receipts for the entries that have none; False where time was up before the last. Raises as `_opened`."""
    with _opened(job) as file:
        archive = Archive(file)
        Job.objects.filter(pk=job.pk).update(total=len(archive.entries))
        have = set(job.receipts.values_list("entry", flat=True))
        left = [entry for entry in archive.entries if entry.index not in have]

        def take(entry):
            return take_entry(archive, entry, job.batch, job.name, job=job) if queue.holds(job) else None

        def allowed(going, page):
            # Of the page one must be allowed: what is over the limit then is less than a page, and a page that is more
            # than a whole day may hold does not wait for ever.
            quotas.check(job.batch, sum(entry.size for entry in (*going, page[0])), len(going) + 1)

        return all(_in_slices(job, turn, take, ends, allowed) for turn in turns(left))


def _opened(job):
    """The archive. Raises queue.Permanent where it is gone, OSError where the storage is away."""
    try:
        if job.file:  # else nobody came for it within its time in `spool`
            return job.file.open("rb")
    except FileNotFoundError:
        if not keeping.answers(job.file.name):
            raise
    raise queue.Permanent("archive_missing", gettext_noop("The stored archive is missing. Send it again."))


def _in_slices(job, left, take, ends, allowed=lambda going, page: None):
    """Take everything of the list `left`, side by side; False where time was up before the last, or the lease was lost.

    `take(each)`: its receipt, or None where the lease was lost. `allowed(going, page)` is asked before a page is
    begun, with what is on its way; what it raises comes out once that has ended.
    """
    going, taken, to_ring = {}, 0, []
    renewed = rang = time.monotonic()
    try:
        for some in as_they_end(take, _due(job, left, going, ends, allowed)):
            for each, _ in some:
                del going[each]
            receipts = [receipt for _, receipt in some if receipt]
            taken, to_ring = taken + len(receipts), to_ring + receipts
            if time.monotonic() - renewed > RENEW_S:
                queue.renew([job])
                renewed = time.monotonic()
            if time.monotonic() - rang > RING_S:
                dispatch.ring(intake.to_ring(to_ring))
                rang, to_ring = time.monotonic(), []
    finally:
        dispatch.ring(intake.to_ring(to_ring))
    if taken:
        queue.came_on(job)
    return taken == len(left) and queue.holds(job)


def _due(job, left, going, ends, allowed):
    """What is left, one after the other, until a stop, the end, or a lease that was lost.

    `going`: since when each is on its way; what is given is added to it. While something hangs beyond the end, others
    go on, bounded: this process waits for it anyway.
    """
    for number, each in enumerate(left):
        while time.monotonic() >= ends and not _hangs(going, ends):
            yield NOT_NOW
        if engine.stopping():
            return
        if number % settings.BATCH_SIZE == 0:
            if not queue.holds(job):
                return
            allowed(going, left[number : number + settings.BATCH_SIZE])
        going[each] = time.monotonic()
        yield each


def _hangs(going, ends):
    now = time.monotonic()
    return now < ends + sandbox.WALL_S and any(now - since > HANGS_S for since in going.values())
