"""More studies of films that are stored already: rows of their own, renditions shared. What was taken in once is
screened as often as a figure needs it."""

import copy
import itertools
import uuid

from screening.models import Image, Study
from screening.worklist import database_now

AT_ONCE = 1000


def copies(images: list[Image], count: int) -> list[Image]:
    """So many waiting images, each of a new study, made from `images` (with their studies) in turn; not enqueued."""
    now, made = database_now(), []
    for image in itertools.islice(itertools.cycle(images), count):
        study = _copy(image.study, status=Study.Status.RECEIVED, received_at=now, due_at=image.study.due_at)
        study.probability = study.model_version = study.screened_at = None
        study.band, study.ai_state, study.study_uid, study.accession = "", "pending", "", uuid.uuid4().hex
        key = uuid.uuid4()
        made.append(_copy(image, study=study, sha256=f"{key.hex}{key.hex}", sop_uid="", received_at=now))
    Study.objects.bulk_create([image.study for image in made], batch_size=AT_ONCE)
    Image.objects.bulk_create(made, batch_size=AT_ONCE)
    return made


def _copy(row, **fields):
    made = copy.copy(row)
    made.pk, made._state.adding = uuid.uuid4(), True
    for name, value in fields.items():
        setattr(made, name, value)
    return made
