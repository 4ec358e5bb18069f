"""Where the model looked: asked for by a person, drawn by a worker, kept as a picture. The asking is an Event."""

from django.db import transaction
from django.utils.translation import gettext as _

from screening import queue
from screening.models import Event, Job, ModelVersion

# An explanation that is asked for again, its version being active, is drawn again from these.
ENDED = (Job.State.FAILED, Job.State.QUARANTINED, Job.State.CANCELLED, Job.State.SUPERSEDED)


class NoModel(Exception):
    """No model is active, so there is none whose look could be drawn."""


def version_for(image):
    """The version whose look can be drawn: the active one, which the workers have loaded. Raises NoModel."""
    active = ModelVersion.objects.filter(active=True).first()
    if active is None or image.gate:
        raise NoModel(_("The AI is not applied to this picture."))
    return active


@transaction.atomic
def ask(image, actor):
    """The job that draws the look at `image`: a new one, the one that is there, or a failed one tried again."""
    study = image.study
    job, _ = Job.objects.get_or_create(
        kind=Job.Kind.EXPLAIN,
        image=image,
        model_version=version_for(image),
        defaults={"priority": study.priority, "due_at": study.due_at},
    )
    ended = Job.objects.filter(pk=job.pk, state__in=ENDED)
    if queue.again(ended):
        job.refresh_from_db()
    Event.note(Event.Kind.EXPLAIN, actor=actor, study=study, image=str(image.pk))
    return job
