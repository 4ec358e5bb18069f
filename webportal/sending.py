"""What the upload page and the API do with each file of a request: a receipt, or for an archive its job."""

import threading
import time

from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_noop

from screening import archive, intake, keeping, parts, permissions, quotas, reasons
from screening.answers import awaited
from screening.models import Batch, Job, Part, Receipt
from webportal.views.account import address
from workers import dispatch

# Who waits holds a thread of the portal; of a process's four, two stay free for everybody else.
WAITERS = threading.BoundedSemaphore(2)
# Shorter at first, for the stub and the GPU; a CPU takes its second.
FIRST_LOOK_S, LATER_LOOKS_S = 0.1, 0.25
TAKES_FILES = (Batch.State.OPEN, Batch.State.TRIAL)
CLOSED = {
    Batch.State.CANCELLED: (
        "batch_cancelled",
        gettext_noop("This batch was cancelled: try it again, or begin another one."),
    ),
    Batch.State.CONFIRMING: (
        "batch_closed",
        gettext_noop("This batch is being confirmed: send the file again in a moment."),
    ),
    Batch.State.DISCARDED: ("batch_closed", gettext_noop("This dry run was discarded: begin another batch.")),
}


class Closed(Exception):
    """The batch takes no files as it stands."""

    def __init__(self, batch):
        super().__init__(batch.state)
        self.code, self.sentence = CLOSED[batch.state]


def visible_batches(user):
    """The batches of the user's sites, for whoever sees films."""
    if not permissions.Menu(user).studies:
        return Batch.objects.none()
    return Batch.objects.filter(site__in=permissions.sites_of(user))


def batch_or_404(user, pk):
    """A batch that `user` may see; one of another site does not exist."""
    return get_object_or_404(visible_batches(user).select_related("site", "uploaded_by"), pk=pk)


def demand_open(batch):
    """Raises Closed where the batch takes no files."""
    if batch.state not in TAKES_FILES:
        raise Closed(batch)


def sent_before(batch, key):
    """The Receipt or the Job that a file of this key became, or None."""
    if not key:
        return None
    return receipts_of(batch).filter(key=key).first() or batch.jobs.filter(key=key).first()


def receipts_of(batch):
    """The receipts of what was sent into a batch, those at the sites that its manifest named among them."""
    return Receipt.objects.filter(Q(batch=batch) | Q(batch__parent=batch))


def take(request, batch, file, name="", key="", before=None):
    """The Receipt of one uploaded file, or the Job of an archive; both are rung for.

    `before`: what `sent_before` says of the key. Raises Closed, quotas.Exceeded, intake.KeyReused, keeping.StorageFull.
    """
    if not before:
        demand_open(batch)
        quotas.check(batch, file.size)
    return _take(request, batch, file, name or file.name, key, before)


def begin_part(batch, name, size, key=""):
    """The Part of a file that will come in pieces. Raises Closed, quotas.Exceeded, parts.TooLarge."""
    demand_open(batch)
    quotas.check(batch, size)
    return parts.begin(batch, name, size, key)


def take_part(request, part):
    """The same for a file that came in pieces, and is whole; taken twice, it becomes what it became."""
    if part.receipt or part.job:
        return part.receipt or part.job
    demand_open(part.batch)
    key = part.key or str(part.pk)
    try:
        with parts.assembled(part) as file:
            taken = _take(request, part.batch, file, part.name, key, sent_before(part.batch, key))
    except FileNotFoundError:
        return _taken_by_another(part)
    parts.finish(part, taken)
    return taken


def _taken_by_another(part):
    """What a part became whose pieces went under the hands of a second taker.

    Raises parts.Gone where it was given up meanwhile, keeping.StorageAway where nobody took the pieces, and
    parts.Elsewhere where they are lost.
    """
    found = Part.objects.filter(pk=part.pk).select_related("receipt", "job").first()
    if found is None:
        raise parts.Gone
    if found.pieces and not keeping.answers(found.pieces[0]):
        raise keeping.StorageAway
    if not (found.receipt or found.job):
        raise parts.Elsewhere
    return found.receipt or found.job


def _take(request, batch, file, name, key, before):
    whole = archive.is_archive(file)
    # A key stands for one file: for a film with its receipt, or for an archive with its job.
    if before and (isinstance(before, Receipt) and before.sha256 != "" if whole else isinstance(before, Job)):
        raise intake.KeyReused
    return _take_archive(batch, file, name, key) if whole else _take_film(request, batch, file, name, key)


def _take_film(request, batch, file, name, key):
    receipt = intake.receive(batch, name, file, actor=request.user, address=address(request), key=key)
    dispatch.ring(intake.to_ring([receipt]))
    return receipt


def _take_archive(batch, file, name, key):
    try:
        job = archive.spool(batch, name, file, key=key)
    except archive.BadArchive as bad:
        return intake.refuse(batch, name, bad.code, size=file.seek(0, 2), key=key)
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
