"""Which versions are at work, and how one takes over: versions are switched in a moment, studies follow in chunks."""

import uuid

from django.db import connection, transaction
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Now

from screening import standing
from screening.models import BACKGROUND, Job, ModelVersion, Screening, Study

State = Screening.State

# The versions whose screenings workers take.
AT_WORK = Q(active=True) | Q(shadow=True)
# Studies that follow a promotion in one transaction: each is away from "Next study" for some 0.1 s.
CHUNK = 200
# One sweep or promotion at a time, whoever runs it: an arbitrary number that means this to pg_advisory_xact_lock.
SWEEP_LOCK = 0x46525357


def at_work():
    """The versions that screen what arrives: the active one first, then those in shadow."""
    # A card is long, and only who loads a version reads it.
    return list(ModelVersion.objects.filter(AT_WORK).defer("card").order_by("-active", "created_at"))


def lock_versions():
    """Hold every version until the caller's transaction ends: promotions and shadows come one after the other.

    The sweep keeps away meanwhile. Leased rows and their predictions, which refer to a version and do not change it,
    go on.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SWEEP_LOCK])
    list(ModelVersion.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def activate(version):
    """Make `version` the active one: its predictions order the worklist from now on, those it made before included."""
    switch(version)
    follow()


@transaction.atomic
def switch(version):
    """Make `version` the active one; the waiting studies `follow`, which the sweep sees to where the caller does not.

    What an earlier promotion or a withdrawal took from it is pending again; the sweep inserts what is missing.
    """
    lock_versions()
    ModelVersion.objects.filter(active=True).update(active=False, follows_from=None)
    ModelVersion.objects.filter(pk=version.pk).update(
        active=True, shadow=False, activated_at=Now(), follows_from=uuid.UUID(int=0)
    )
    version.refresh_from_db()
    _revive(version)
    tidy()


def follow(chunks=None):
    """Bring the waiting studies to the active version, in the order of their ids; True where all of them are.

    `chunks` limits how many are taken now. Where a process died in between, the next call goes on behind its last one.
    """
    taken = 0
    while chunks is None or taken < chunks:
        if not _follow_some():
            return True
        taken += 1
    return False


@transaction.atomic
def _follow_some():
    """One chunk; False where none is left. Two at once take turns: the version's row is their lock."""
    behind = ModelVersion.objects.select_for_update(no_key=True).filter(active=True, follows_from__isnull=False)
    active = behind.first()
    if active is None:
        return False
    waiting = Study.objects.filter(status__in=Study.ON_WORKLIST, pk__gt=active.follows_from)
    ids = list(waiting.order_by("pk").values_list("pk", flat=True)[:CHUNK])
    standing.recompute(ids)
    more = len(ids) == CHUNK
    ModelVersion.objects.filter(pk=active.pk).update(follows_from=ids[-1] if more else None)
    return more


@transaction.atomic
def set_shadow(version, on):
    """Let a version that is not active screen what arrives, unshown (`on`), or let it rest again."""
    lock_versions()
    ModelVersion.objects.filter(pk=version.pk).update(shadow=on)
    version.refresh_from_db()
    if on:
        _revive(version)
    else:
        tidy()


def _revive(version):
    """What was taken from a version, of studies on the worklist, is pending again, behind every class at first."""
    held = Screening.objects.filter(model_version=version, image__study__status__in=Study.ON_WORKLIST)
    taken = held.filter(state__in=(State.SUPERSEDED, State.CANCELLED)).select_for_update(of=("self",))
    ids = list(taken.order_by("pk").values_list("pk", flat=True))
    to_the_start(Screening.objects.filter(pk__in=ids), priority=BACKGROUND)


def to_the_start(rows, **values):
    """Put these rows back in the queue with a clean slate."""
    rows.update(
        state=State.PENDING, attempts=0, crashes=0, alone=False, next_attempt_at=Now(), error_code="",
        error_sentence="", ended_at=None, rang_at=None, **values,
    )  # fmt: skip


def tidy():
    """End what no worker would take, and bring forward what somebody waits for. The sweep does it again and again."""
    supersede_old()
    hurry()


def supersede_old():
    """Pending rows of versions that are neither active nor in shadow are superseded: no worker would take them.

    A look that somebody asked for ends too: the page offers to ask the active version. Rows that somebody holds are
    left to the next sweep: waiting for them could be waiting for each other.
    """
    idle = ModelVersion.objects.exclude(AT_WORK)
    for rows in (Screening.objects.all(), Job.objects.filter(kind=Job.Kind.EXPLAIN)):
        old = rows.filter(state=State.PENDING, model_version__in=idle).select_for_update(skip_locked=True, of=("self",))
        ids = list(old.values_list("pk", flat=True))
        rows.filter(pk__in=ids).update(state=State.SUPERSEDED, ended_at=Now())


def hurry(studies=None):
    """What the active version has in the background of studies on the worklist (of these alone) gets its study's class.

    It came there in shadow, or while its study was read or withdrawn.
    """
    # Named, not joined: the planner cannot know that the background is another version's.
    active = ModelVersion.objects.filter(active=True).values_list("pk", flat=True).first()
    behind = Screening.objects.filter(state=State.PENDING, priority=BACKGROUND, model_version=active)
    behind = behind.filter(image__study__status__in=Study.ON_WORKLIST)
    behind = behind.filter(image__study__in=studies) if studies is not None else behind
    ids = list(behind.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True))
    of = Study.objects.filter(images=OuterRef("image"))
    Screening.objects.filter(pk__in=ids).update(
        priority=Subquery(of.values("priority")[:1]), due_at=Subquery(of.values("due_at")[:1])
    )
