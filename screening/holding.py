"""Dry runs: files that were looked at, and whose bytes wait for a word before anything of them is stored.

A batch on trial may have children, at the sites that its manifest names: they are confirmed and discarded with it.
"""

import contextlib
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from screening import archive, intake, keeping, lifecycle, parts
from screening.models import Batch, Job, Receipt
from screening.sent import kept_name

# A dry run that nobody comes back to is discarded.
LIVES = timedelta(hours=24)
PAGE = 500
DISCARDED = gettext_noop("The dry run was discarded before this archive was unpacked.")
S, State = Batch.State, Job.State


def held(batch):
    """The receipts of a dry run whose bytes wait, in the order they came."""
    family = Batch.objects.filter(Q(pk=batch.pk) | Q(parent=batch.pk))
    return Receipt.objects.filter(batch__in=family).exclude(held="").select_related("batch__site", "batch__parent")


def untouched():
    """The batches that nobody has sent anything into for LIVES."""
    lately = Receipt.objects.filter(created_at__gt=Now() - LIVES)
    old = Batch.objects.filter(created_at__lt=Now() - LIVES)
    return old.exclude(Exists(lately.filter(batch=OuterRef("pk")))).exclude(
        Exists(lately.filter(batch__parent=OuterRef("pk")))
    )


class Unpacking(Exception):
    """What an archive of the dry run holds is not known yet: nobody can say what is confirmed."""

    sentence = gettext_noop(
        "An archive of this dry run is still being unpacked. Confirm it when the count has come to rest."
    )


@transaction.atomic
def confirm(batch, actor):
    """Take what a dry run held; returns the Job that does it, to be rung for. Raises Unpacking, lifecycle.Overtaken.

    Confirmed twice it is the same Job. Each receipt is written anew with what became of its file by then.
    """
    batch.refresh_from_db(fields=["state"], from_queryset=Batch.objects.select_for_update(no_key=True))
    if batch.state in (S.CONFIRMING, S.OPEN) and (job := batch.jobs.filter(kind=Job.Kind.CONFIRM).first()):
        return job
    if unpacking(batch):
        raise Unpacking
    _move(batch, S.TRIAL, S.CONFIRMING)
    about = {"priority": batch.priority, "total": held(batch).count()}
    return Job.objects.create(kind=Job.Kind.CONFIRM, batch=batch, name="", **about)


def unpacking(batch):
    """How many archives of a batch are not unpacked yet."""
    return batch.jobs.filter(kind=Job.Kind.ARCHIVE, state__in=Job.UNSETTLED).count()


@transaction.atomic
def confirmed(batch):
    """Everything that was held is taken: the batch is as any other."""
    _move(batch, S.CONFIRMING, S.OPEN)


def discard(batch, actor=None):
    """End a dry run; nothing of it is stored, and its receipts stay as they are. Raises lifecycle.Overtaken.

    An archive of it is unpacked no further.
    """
    with transaction.atomic():
        _move(batch, S.TRIAL, S.DISCARDED)
        ended = {"state": State.CANCELLED, "ended_at": Now(), "error_code": "discarded", "error_sentence": DISCARDED}
        batch.jobs.filter(state__in=Job.UNSETTLED).update(**ended)
    _drop(batch)
    archive.forget(batch.jobs.all())
    parts.drop_unfinished(batch)


def expire():
    """Discard the dry runs that nobody has touched for LIVES, and end what a killed `discard` has left.

    Of a confirmation that was cancelled, or failed, and not taken up again the rest is let go too.
    """
    for batch in untouched().filter(state=S.TRIAL, parent=None):
        with contextlib.suppress(lifecycle.Overtaken):  # confirmed at the last moment
            discard(batch)
    left = Receipt.objects.filter(batch=OuterRef("pk")).exclude(held="")
    for batch in Batch.objects.filter(Exists(left), state=S.DISCARDED):
        _drop(batch)
    over = Job.objects.filter(kind=Job.Kind.CONFIRM, state__in=Job.ENDED_BADLY, ended_at__lt=Now() - LIVES)
    for job in over.select_related("batch"):
        for receipt in held(job.batch):
            intake.let_go(receipt)


def _drop(batch):
    while page := list(held(batch)[:PAGE]):
        for receipt in page:
            receipt.name = kept_name(receipt.batch.site, receipt.name, receipt.sha256)
            keeping.drop(receipt.held.name)
            receipt.held = ""
        Receipt.objects.bulk_update(page, ["held", "name"])


def _move(batch, was, to):
    """The batch and its children, by compare-and-set."""
    if not Batch.objects.filter(pk=batch.pk, state=was).update(state=to):
        raise lifecycle.Overtaken("the batch is not in a state for this")
    Batch.objects.filter(parent=batch).update(state=to)
    batch.state = to
