"""What staff do with an unread study: change its class, withdraw it, restore it, add an image, try the AI again."""

from django.db import transaction
from django.db.models import F

from screening import lifecycle, order, queue, rollout, standing
from screening.models import Event, Priority, Screening, Study

S = Study.Status


@transaction.atomic
def change_priority(study, priority, actor, reason=""):
    """Give an unread study another class. The AI never reverses it."""
    lock(study)
    if study.status == S.READ:
        raise lifecycle.Overtaken("only an unread study has a class to change")
    was, study.priority = study.priority, Priority(priority)
    study.due_at, study.cap_at = order.due(study, standing.weight(study))
    study.save(update_fields=["priority", "due_at", "cap_at"])
    pending = Screening.objects.filter(image__study=study, state="pending", model_version__active=True)
    pending.update(priority=study.priority, due_at=study.due_at)
    Event.note(Event.Kind.PRIORITY, actor=actor, study=study, was=was, to=study.priority, reason=reason[:200])


def lock(study):
    """Lock a study until the caller's transaction ends, and bring the object up to how it stands now."""
    study.refresh_from_db(from_queryset=Study.objects.select_for_update())


@transaction.atomic
def withdraw(study, actor, reason):
    """Take a study that was sent by mistake off the worklist; `restore` is the undo. Its screenings are cancelled."""
    lock(study)
    if study.status not in Study.WAITING:
        raise lifecycle.Overtaken("only a waiting study can be withdrawn")
    lifecycle.move(study, S.WITHDRAWN, Event.Kind.WITHDRAW, actor=actor, detail={"reason": reason[:200]})
    queue.cancel(study)


@transaction.atomic
def restore(study, actor):
    """Put a withdrawn study back at its old place, its screenings in the queue; returns the ids to ring for."""
    lock(study)
    if study.status != S.WITHDRAWN:
        raise lifecycle.Overtaken("only a withdrawn study can be restored")
    ids = _take_up(study)
    lifecycle.move(study, standing.waiting_status(study), Event.Kind.RESTORE, actor=actor)
    rollout.hurry([study])
    standing.recompute([study.pk])
    return ids


def _take_up(study):
    """What a withdrawal or a change of model took out of the queue meanwhile goes back into it; returns the ids."""
    held = Screening.objects.filter(image__study=study, model_version__in=rollout.at_work())
    return queue.again(held.filter(state__in=("cancelled", "superseded")))


def _of_the_active_model(study):
    return Screening.objects.filter(image__study=study, model_version__active=True)


def image_joined(study, image, actor=None):
    """A late image joined a locked study: it must be seen before signing, and it reopens a signed study.

    Call it in the transaction that stored the image, with its screening already enqueued.
    """
    Study.objects.filter(pk=study.pk).update(version=F("version") + 1)
    detail = {"image": str(image.pk)}
    if study.status == S.READ:
        _take_up(study)
        lifecycle.move(study, standing.waiting_status(study), Event.Kind.IMAGE_JOINED, actor=actor, detail=detail)
        rollout.hurry([study])
    else:
        Event.note(Event.Kind.IMAGE_JOINED, actor=actor, study=study, **detail)
    standing.recompute([study.pk])


def retry_study(study, actor):
    """Try the AI again on a study's failed films; returns the ids to ring for."""
    ids = queue.retry(_of_the_active_model(study))
    if ids:
        Event.note(Event.Kind.RETRY, actor=actor, study=study, screenings=len(ids))
    return ids
