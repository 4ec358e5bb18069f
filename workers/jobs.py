"""Jobs of the operations worker: archives to unpack, and dry runs that were confirmed.

Each is a Job under a lease, its bytes in storage before its sender was answered. It is done in slices, so that a sweep,
a stop or a more urgent job waits for seconds only. A slice that is cut off, by whatever, costs nothing: each entry of
an archive has one receipt, and what has one is not taken again; what a dry run holds is let go once it is taken.
"""

import contextlib
import logging
import time

from django.conf import settings
from django.utils.translation import gettext_noop

from screening import holding, intake, keeping, lifecycle, queue, quotas, sandbox
from screening.abreast import abreast
from screening.archive import Archive, BadArchive, forget, take_entry, turns
from screening.models import Job
from workers import dispatch, engine

log = logging.getLogger(__name__)

SLICE_S = 10
RENEW_S = settings.LEASE_S / 6


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


def _confirm(job, ends):
    def take(receipt):
        return intake.take_held(receipt) if queue.holds(job) else None

    if not _in_slices(job, list(holding.held(job.batch)), take, ends):
        _go_on_later(job)
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
        queue.fail(
            job,
            queue.Outage("storage_away", gettext_noop("The storage cannot be read just now. Tell an administrator.")),
        )


def _go_on_later(job):
    queue.give_back([job])
    dispatch.ring_for_job(job)


def _unpack(job, ends):
    try:
        finished = _take(job, ends)
    except BadArchive as bad:
        intake.refuse(job.batch, job.name, bad.code, job=job, entry=0, size=job.file.size)
        finished = True
    except FileNotFoundError:
        queue.fail(
            job, queue.Permanent("archive_missing", gettext_noop("The stored archive is missing. Send it again."))
        )
        return
    if not finished:
        _go_on_later(job)
    elif queue.finish(job):
        # Every entry has its own original by now.
        forget(Job.objects.filter(pk=job.pk))


def _take(job, ends):
    """Receipts for the entries that have none; False where time was up before the last. Raises FileNotFoundError."""
    if not job.file:  # nobody came for it within `spool.ARCHIVE_LIVES`
        raise FileNotFoundError
    with job.file.open("rb") as file:
        archive = Archive(file)
        Job.objects.filter(pk=job.pk).update(total=len(archive.entries))
        have = set(job.receipts.values_list("entry", flat=True))
        left = [entry for entry in archive.entries if entry.index not in have]

        def take(entry):
            return take_entry(archive, entry, job.batch, job.name, job=job) if queue.holds(job) else None

        def allowed(page):
            quotas.check(job.batch, sum(entry.size for entry in page))

        return all(_in_slices(job, turn, take, ends, allowed) for turn in turns(left))


def _in_slices(job, left, take, ends, allowed=lambda page: None):
    """Take everything that is left, page by page; False where time was up before the last, or the lease was lost.

    Raises what `allowed(page)` raises before a page is taken.
    """
    while left:
        if engine.stopping() or time.monotonic() >= ends:
            return False
        page, left = left[: settings.BATCH_SIZE], left[settings.BATCH_SIZE :]
        allowed(page)
        dispatch.ring(intake.to_ring(_receipts(job, page, take)))
        if not queue.holds(job):
            return False
    return True


def _receipts(job, page, take):
    """Take one page, and hold the lease meanwhile: the slowest file takes 20 s (`sandbox.WALL_S`).

    Where the batch is cancelled, or the lease lost, it ends at the next file: `take` gives None.
    """
    receipts, renewed = [], time.monotonic()
    for receipt in abreast(take, page):
        receipts += [receipt] if receipt else []
        if time.monotonic() - renewed > RENEW_S:
            queue.renew([job])
            renewed = time.monotonic()
    return receipts
