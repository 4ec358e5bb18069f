"""What waits to be taken in, and what nobody comes for any more: parts of files, dry runs, archives, manifests."""

import contextlib
from datetime import timedelta

from django.core.files.storage import default_storage
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from screening import archive, holding, keeping, parts, verifying
from screening.models import Batch, Job, ManifestRow, Part, Receipt

# A file is in storage before its row: one without a row after this is nobody's.
ORPHAN = timedelta(hours=1)
# An archive that was cancelled may be tried again for so long, and one that failed until somebody has seen it.
CANCELLED_LIVES, FAILED_LIVES = timedelta(hours=24), timedelta(days=7)
# Of films that are de-identified no name stays in a list beside them either.
NAMES_PATIENTS = Q(site__deidentify=True) | Q(site=None, batch__site__deidentify=True)
PAGE = 500


def expire():
    """Drop what nobody comes for in its time (parts, dry runs, archives), and files that no row speaks of.

    Returns how many of those there were.
    """
    parts.drop(*Part.objects.filter(touched_at__lt=Now() - parts.LIVES)[:PAGE])
    holding.expire()
    archive.forget(Job.objects.filter(_over()))
    ManifestRow.objects.filter(NAMES_PATIENTS, batch__in=holding.untouched()).delete()
    orphans = 0
    for folder, known in (("held", _held), ("archives", _archives), ("parts", _pieces)):
        orphans += _drop_orphans(folder, known)
    return orphans + _drop_cut_off()


def _over():
    """The jobs whose archives nobody unpacks any more; a done one where its worker died before it let go of it."""
    failed = Q(state__in=(Job.State.FAILED, Job.State.QUARANTINED), ended_at__lt=Now() - FAILED_LIVES)
    cancelled = Q(state=Job.State.CANCELLED, ended_at__lt=Now() - CANCELLED_LIVES)
    return failed | cancelled | Q(state=Job.State.DONE)


def _drop_cut_off():
    """Files whose keeper was killed, or cut off from the database, before their row was there; how many."""
    dropped = 0
    for note in list(_old_files(keeping.NOTES)):
        dropped += _drop_unknown(keeping.noted(note), verifying.spoken_of)
        keeping.drop(note)
    return dropped


def _held(names):
    waiting = Receipt.objects.exclude(batch__state=Batch.State.OPEN)
    return set(waiting.filter(held__in=names).values_list("held", flat=True))


def _archives(names):
    return set(Job.objects.filter(file__in=names).values_list("file", flat=True))


def _pieces(names):
    rows = Part.objects.filter(pieces__overlap=names).values_list("pieces", flat=True)
    return {piece for pieces in rows for piece in pieces}


def _drop_orphans(folder, known):
    names, dropped = [], 0
    for name in _old_files(folder):
        names.append(name)
        if len(names) == PAGE:
            dropped += _drop_unknown(names, known)
            names = []
    return dropped + (_drop_unknown(names, known) if names else 0)


def _drop_unknown(names, known):
    orphans = {name for name in set(names) - known(names) if default_storage.exists(name)}
    keeping.drop(*orphans)
    return len(orphans)


def _old_files(folder):
    """The names in a folder of the storage (and the folders below) that are older than ORPHAN."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for each in folders:
        yield from _old_files(f"{folder}/{each}")
    for each in files:
        name = f"{folder}/{each}"
        with contextlib.suppress(FileNotFoundError):
            if timezone.now() - default_storage.get_modified_time(name) > ORPHAN:
                yield name
