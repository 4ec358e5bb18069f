"""What the upload page and the API do with each file of a request: a receipt, or for an archive its job."""

import threading
import time

from django.shortcuts import get_object_or_404

from screening import archive, intake, permissions, reasons
from screening.answers import awaited
from screening.models import Batch, Receipt
from webportal.views.account import address
from workers import dispatch

# Who waits holds a thread of the portal; of a process's four, two stay free for everybody else.
WAITERS = threading.BoundedSemaphore(2)
# Shorter at first, for the stub and the GPU; a CPU takes its second.
FIRST_LOOK_S, LATER_LOOKS_S = 0.1, 0.25


def visible_batches(user):
    """The batches of the user's sites, for whoever sees films."""
    if not permissions.Menu(user).studies:
        return Batch.objects.none()
    return Batch.objects.filter(site__in=permissions.sites_of(user))


def batch_or_404(user, pk):
    """A batch that `user` may see; one of another site does not exist."""
    return get_object_or_404(visible_batches(user).select_related("site", "uploaded_by"), pk=pk)


def take(request, batch, file, name=""):
    """The Receipt of one uploaded file, or the Job of an archive; both are rung for. Raises keeping.StorageFull."""
    name = name or file.name
    if not archive.is_archive(file):
        receipt = intake.receive(batch, name, file, actor=request.user, address=address(request))
        dispatch.ring(intake.to_ring([receipt]))
        return receipt
    try:
        job = archive.spool(batch, name, file)
    except archive.BadArchive as bad:
        return intake.refuse(batch, name, bad.code, size=file.size)
    dispatch.ring_for_job(job)
    return job


def wait_for(receipts, seconds):
    """Wait until the AI has answered for the images of these receipts; whether it has. Too many waiting: look once."""
    if not WAITERS.acquire(blocking=False):
        return _wait_for(receipts, 0)
    try:
        return _wait_for(receipts, seconds)
    finally:
        WAITERS.release()


def _wait_for(receipts, seconds):
    images = [receipt.image_id for receipt in receipts if receipt.image_id and _brings_a_film(receipt)]
    ends, pause = time.monotonic() + seconds, FIRST_LOOK_S
    while still := awaited(images).exists():
        if time.monotonic() >= ends:
            break
        time.sleep(min(pause, max(0, ends - time.monotonic())))
        pause = LATER_LOOKS_S
    return not still


def _brings_a_film(receipt):
    return reasons.outcome(receipt.reason) in (Receipt.Outcome.ACCEPTED, Receipt.Outcome.DUPLICATE)
