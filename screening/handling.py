"""What staff do with an unread study: change its class, withdraw it, restore it, add an image, try the AI again."""

from django.db import transaction
from django.db.models import F

from screening import lifecycle, order, queue, standing
from screening.models import Event, Priority, Screening, Study

S = Study.Status


@transaction.atomic
def change_priority(study, priority, actor, reason=""):
    """Give an unread study another class. The AI never reverses it."""
    was, priority = study.priority, Priority(priority)
    study.priority = priority
    due_at, cap_at = order.due(study, study.probability)
    changed = Study.objects.filter(pk=study.pk, status__in=Study.ON_WORKLIST).update(
        priority=priority, due_at=due_at, cap_at=cap_at
    )
    if not changed:
        raise lifecycle.Overtaken("only an unread study has a class to change")
    Screening.objects.filter(image__study=study, state="pending").update(priority=priority, due_at=due_at)
    Event.note(Event.Kind.PRIORITY, actor=actor, study=study, was=was, to=priority, reason=reason[:200])


@transaction.atomic
def withdraw(study, actor, reason):
    """Take a study that was sent by mistake off the worklist; `restore` is the undo. Its screenings are cancelled."""
    lifecycle.move(study, S.WITHDRAWN, Event.Kind.WITHDRAW, actor=actor, detail={"reason": reason[:200]})
    queue.cancel(study)


@transaction.atomic
def restore(study, actor):
    """Put a withdrawn study back at its old place, with its cancelled screenings in the queue again."""
    queue.retry(Screening.objects.filter(image__study=study, state="cancelled"))
    lifecycle.move(study, standing.waiting_status(study), Event.Kind.RESTORE, actor=actor)


def image_joined(study, image, actor=None):
    """A late image joined a locked study: it must be seen before signing, and it reopens a signed study.

    Call it in the transaction that stored the image, with its screening already enqueued.
    """
    Study.objects.filter(pk=study.pk).update(version=F("version") + 1)
    detail = {"image": str(image.pk)}
    if study.status == S.READ:
        lifecycle.move(study, standing.waiting_status(study), Event.Kind.IMAGE_JOINED, actor=actor, detail=detail)
    else:
        Event.note(Event.Kind.IMAGE_JOINED, actor=actor, study=study, **detail)
    standing.recompute([study.pk])


def retry_study(study, actor):
    """Try the AI again on a study's failed films; returns the ids to ring for."""
    ids = queue.retry(Screening.objects.filter(image__study=study))
    if ids:
        Event.note(Event.Kind.RETRY, actor=actor, study=study, screenings=len(ids))
    return ids
