"""Jobs of the operations worker: archives.

An archive is a Job under a lease, its bytes in storage before its sender was answered. It is taken in slices, so that
a sweep, a stop or a more urgent archive waits for seconds only. A slice that is cut off, by whatever, costs nothing:
each entry has one receipt, and what has one is not taken again.
"""

import time

from django.conf import settings

from screening import intake, keeping, queue
from screening.abreast import abreast
from screening.archive import Archive, BadArchive, take_entry
from screening.models import Job
from workers import dispatch, engine

SLICE_S = 10
RENEW_S = settings.LEASE_S / 6


def unpack():
    """Take the entries of pending archives through intake, for about SLICE_S; what is left is rung for again."""
    ends = time.monotonic() + SLICE_S
    archives = Job.objects.filter(kind=Job.Kind.ARCHIVE).select_related("batch__site", "batch__uploaded_by")
    while not engine.stopping() and time.monotonic() < ends:
        claimed = queue.claim(archives, engine.owner(), 1)
        if not claimed:
            return
        _unpack(claimed[0], ends)


def _unpack(job, ends):
    try:
        finished = _take(job, ends)
    except BadArchive as bad:
        intake.refuse(job.batch, job.name, bad.code, job=job, entry=0, size=job.file.size)
        finished = True
    except keeping.StorageFull as full:
        queue.fail(job, queue.Transient("storage_full", full.sentence))
        return
    except FileNotFoundError:
        queue.fail(job, queue.Permanent("archive_missing", "The stored archive is missing. Send it again."))
        return
    if not finished:
        queue.give_back([job])
        dispatch.ring_for_job(job)
    elif queue.finish(job):
        # Every entry has its own original by now.
        keeping.drop(job.file.name)
        Job.objects.filter(pk=job.pk).update(file="")


def _take(job, ends):
    """Receipts for the entries that have none; False where time was up before the last."""
    with job.file.open("rb") as file:
        archive = Archive(file)
        Job.objects.filter(pk=job.pk).update(total=len(archive.entries))
        have = set(job.receipts.values_list("entry", flat=True))
        left = [entry for entry in archive.entries if entry.index not in have]
        while left:
            if engine.stopping() or time.monotonic() >= ends:
                return False
            page, left = left[: settings.BATCH_SIZE], left[settings.BATCH_SIZE :]
            dispatch.ring(intake.to_ring(_receipts(job, archive, page)))
    return True


def _receipts(job, archive, page):
    """Take one page, and hold the lease meanwhile: the slowest file takes 20 s (`sandbox.WALL_S`)."""
    receipts, renewed = [], time.monotonic()
    for receipt in abreast(lambda entry: take_entry(archive, entry, job.batch, job.name, job=job), page):
        receipts.append(receipt)
        if time.monotonic() - renewed > RENEW_S:
            queue.renew([job])
            renewed = time.monotonic()
    return receipts
