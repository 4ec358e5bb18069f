"""Filing a new image: the study it belongs to, its screening, its line in the history. Call it in a transaction.

Images with one StudyInstanceUID at one site are one study; a film without one is a study of its own. A late image
joins its study wherever that stands (`handling.image_joined`): being read, it must be seen before signing; signed, it
goes back on the worklist; withdrawn, it stays withdrawn, since a human took it off, and the receipt says so.
"""

from datetime import date, datetime

from django.utils import timezone

from screening import handling, order, queue, standing, worklist
from screening.models import Event, Image, Study

LATERAL = {"LATERAL", "LAT", "LL", "RL", "LLD", "RLD"}


class Misfit(Exception):
    """This image must not be filed: `code` is a key of `screening.reasons`; `study` is where it would have gone."""

    def __init__(self, code, study=None):
        super().__init__(code)
        self.code, self.study = code, study


def new_image(key, sha256, facts, original, viewing, model_input):
    """An unsaved Image from what the limited child said of it (`sandbox.Decoded.facts`) and its files' names."""
    centre, width = facts["window"] or (None, None)
    return Image(
        id=key, sha256=sha256, content_hash=facts["content_hash"],
        **_fitting(Image, facts, "sop_uid", "format", "modality", "view", "pixels_version"),
        gate="lateral" if facts["view"] in LATERAL else "",
        rows=facts["rows"], columns=facts["columns"], bits=facts["bits"], window_centre=centre, window_width=width,
        original=original, viewing=viewing, model_input=model_input,
    )  # fmt: skip


def file(image, facts, batch, actor=None, address=None):
    """Save a new image with its study, screening and Events; returns the receipt's reason code. Raises Misfit.

    Two at once that open the same study, or bring the same film: IntegrityError for the later one.
    """
    study = _study_of(facts, batch)
    late = study is not None
    if late:
        _check_patient(study, facts)
    else:
        study = _new_study(facts, batch)
    image.study, image.site = study, batch.site
    image.save(force_insert=True)
    queue.enqueue([image])
    Event.note(Event.Kind.UPLOAD, actor=actor, study=study, address=address, batch=str(batch.pk), image=str(image.pk))
    if not late:
        standing.recompute([study.pk])
        return image.gate
    withdrawn = study.status == Study.Status.WITHDRAWN
    if withdrawn:
        queue.cancel(study)
    handling.image_joined(study, image, actor)
    _raise_class(study, batch, actor)
    return "joined_withdrawn" if withdrawn else image.gate


def _study_of(facts, batch):
    """The study at this site that the film names, locked; None where it is the first of its study."""
    uid = facts["study_uid"]
    found = Study.objects.filter(site=batch.site, study_uid=uid) if uid else Study.objects.none()
    return found.select_for_update(of=("self",)).select_related("site").first()


def _new_study(facts, batch):
    if batch.site.demo and not facts["synthetic"]:
        raise Misfit("phantoms_only")  # a Demo site goes with one command, and a patient's film must not go with it
    study = Study(
        site=batch.site, batch=batch, priority=batch.priority, synthetic=facts["synthetic"],
        received_at=worklist.database_now(),
        **_fitting(Study, facts, "study_uid", "accession", "patient_name", "patient_id", "sex", "description"),
        **_fitting(Study, facts, "clinical_question"),
        birth_date=_date(facts["birth_date"]), age_years=facts["age_years"], taken_at=_instant(facts["study_time"]),
    )  # fmt: skip
    study.due_at, study.cap_at = order.due(study, None)
    study.save(force_insert=True)
    return study


def _check_patient(study, facts):
    """One study is one patient's: a UID that comes again under another patient ID is a fault of whoever made it."""
    if study.patient_id and facts["patient_id"] and study.patient_id != _cut(Study, "patient_id", facts["patient_id"]):
        raise Misfit("patient_conflict", study)


def _raise_class(study, batch, actor):
    """A late image that is sent as more urgent makes its study so; one sent as less urgent changes nothing."""
    if batch.priority < study.priority:
        handling.change_priority(study, batch.priority, actor, "a late image was sent in this class")


def _fitting(model, facts, *names):
    return {name: _cut(model, name, facts[name]) for name in names}


def _cut(model, name, text):
    return str(text).replace("\x00", "")[: model._meta.get_field(name).max_length]


def _date(text):
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _instant(text):
    """The moment the film was taken; None where it names only a day, for midnight would be invented."""
    if "T" not in text:
        return None
    try:
        taken = datetime.fromisoformat(text)
        return taken if timezone.is_aware(taken) else timezone.make_aware(taken)
    except (ValueError, OverflowError):
        return None
