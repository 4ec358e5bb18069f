"""What staff do with an unread study: change its class, withdraw it, restore it, add an image, try the AI again, say
which view a picture is."""

from django.db import transaction
from django.db.models import F

from screening import lifecycle, order, queue, rollout, standing
from screening.decoding import NotDecoded, decoding
from screening.gate import gate_of
from screening.models import Event, Image, Priority, Screening, Study

__all__ = ["NotDecoded"]

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


def image_joined(study, image, actor=None, kind=Event.Kind.IMAGE_JOINED):
    """A late image joined a locked study: it must be seen before signing, and it reopens a signed study.

    Call it in the transaction that stored the image, with its screening already enqueued. `kind` is the Event's.
    """
    Study.objects.filter(pk=study.pk).update(version=F("version") + 1)
    detail = {"image": str(image.pk)}
    if study.status == S.READ:
        _take_up(study)
        lifecycle.move(study, standing.waiting_status(study), kind, actor=actor, detail=detail)
        rollout.hurry([study])
    else:
        Event.note(kind, actor=actor, study=study, **detail)
    standing.recompute([study.pk])


def retry_study(study, actor):
    """Try the AI again on a study's failed films; returns the ids to ring for."""
    ids = queue.retry(_of_the_active_model(study))
    if ids:
        Event.note(Event.Kind.RETRY, actor=actor, study=study, screenings=len(ids))
    return ids


@transaction.atomic
def correct_view(image, view, actor):
    """Say which view a picture is: "PA", "AP", "LATERAL" or "" (unknown); returns the ids to ring for.

    A lateral one is not screened and counts no more; any other is, and does. Who reads the study at this moment is
    shown the change before signing. Raises lifecycle.Overtaken where the study is read or withdrawn.
    """
    study = image.study
    lock(study)
    if study.status not in Study.ON_WORKLIST:
        raise lifecycle.Overtaken("the study is read or withdrawn")
    image.refresh_from_db()
    was, image.study = image.view, study
    if was == view:
        return []
    image.view = view
    if image.gate in (Image.Gate.NONE, Image.Gate.LATERAL):
        image.gate = gate_of(view, "")
    image.save(update_fields=["view", "gate"])
    Study.objects.filter(pk=study.pk).update(version=F("version") + 1)
    Event.note(Event.Kind.VIEW_CORRECTED, actor=actor, study=study, image=str(image.pk), was=was, to=view)
    ids = _screened_or_not(image)
    standing.recompute([study.pk])
    return ids


def _screened_or_not(image):
    """Bring an image's screenings to what its gate says; returns the ids to ring for."""
    screenings = Screening.objects.filter(image=image)
    if image.gate:
        queue.cancel_pending(screenings)
        return []
    queue.again(screenings.filter(state__in=("cancelled", "superseded"), model_version__in=rollout.at_work()))
    queue.enqueue([image])
    return list(screenings.filter(state="pending").values_list("pk", flat=True))


def decode_again(image, actor=None):
    """Try a picture again that could not be decoded when it came; returns the ids to ring for.

    It joins its study as a late image does. One that is decoded already is left alone. Raises NotDecoded, which says
    why it still cannot be, lifecycle.Overtaken, keeping.StorageFull, keeping.StorageAway, sandbox.CannotStart.
    """
    if Image.objects.get(pk=image.pk).gate != Image.Gate.UNDECODABLE:
        return []
    with decoding(image) as fields, transaction.atomic():
        return _decoded(image, fields, actor)


def _decoded(image, fields, actor):
    study = Study.objects.select_for_update(of=("self",)).select_related("site").get(pk=image.study_id)
    # As it stands by now: the view may have been corrected, and somebody else may have been faster.
    image.refresh_from_db()
    image.study = study
    if image.gate != Image.Gate.UNDECODABLE:
        raise lifecycle.Overtaken("the picture is decoded already")
    fields |= {"gate": gate_of(image.view, fields["gate"])}
    for name, value in fields.items():
        setattr(image, name, value)
    image.save(update_fields=list(fields))
    ids = queue.enqueue([image])
    if study.status == S.WITHDRAWN:
        queue.cancel(study)
        ids = []
    image_joined(study, image, actor, Event.Kind.DECODED)
    return ids
