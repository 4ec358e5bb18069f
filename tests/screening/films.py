"""What a batch brings, without its bytes."""

from screening.models import Job, Receipt
from tests import factories


def brought(batch, **fields):
    """A study of one film that the batch brought."""
    study = factories.study(batch.site, **fields)
    Receipt.objects.create(batch=batch, name="film", outcome="accepted", image=study.images.get(), study=study)
    return study


def archive(batch, state="pending", **fields):
    """The job of an archive that was sent into the batch."""
    return Job.objects.create(kind=Job.Kind.ARCHIVE, batch=batch, name="cd.zip", state=state, **fields)
