"""Filing a new image: the study it belongs to, its screening, its line in the history. Call it in a transaction.

Images with one StudyInstanceUID at one site are one study; a film without one is a study of its own. A late image
joins its study wherever that stands (`handling.image_joined`): being read, it must be seen before signing; signed, it
goes back on the worklist; withdrawn, it stays withdrawn, since a human took it off, and the receipt says so.
"""

import io
import secrets
import uuid
from datetime import date, datetime

from django.utils import timezone

from ml.pixels.pseudonym import pseudonym
from screening import handling, keeping, order, queue, rollout, standing, worklist
from screening.decoding import SPACING
from screening.gate import gate_of
from screening.models import Event, Image, Priority, Site, Study

# What a column of the manifest is called where it becomes a pseudonym, as `ml.pixels.deidentify` calls it.
KINDS = {"patient_id": "patient", "patient_name": "patient", "accession": "accession"}


class Misfit(Exception):
    """This image must not be filed: `code` is a key of `screening.reasons`; `study` is where it would have gone."""

    def __init__(self, code, study=None):
        super().__init__(code)
        self.code, self.study = code, study


class Film:
    """A decoded file on its way to a study: where it goes, and what it and its row of the manifest say of it."""

    def __init__(self, batch, site, sha256, decoded, row=None):
        self.batch, self.site, self.decoded = batch, site, decoded
        self.facts = _with_row(decoded.facts, row, site)
        self.priority = batch.priority if row is None or row.priority is None else Priority(row.priority)
        self.image = _new_image(self.facts, sha256, decoded)

    def files(self, sent):
        """{name in storage: binary file} of what is kept: the original as `sent`, or de-identified, and renditions."""
        image, decoded = self.image, self.decoded
        files = {image.original.name: decoded.cleaned or sent}
        if decoded.viewing:
            files |= {image.viewing.name: decoded.viewing, image.model_input.name: io.BytesIO(decoded.model_input)}
        return files

    def file(self, actor=None, address=None):
        """Save the image with its study, screening and Events; returns the receipt's reason code. Raises Misfit.

        Two at once that open the same study, or bring the same film: IntegrityError for the later one.
        """
        image, study = self.image, _study_of(self.facts, self.site)
        late = study is not None
        if late:
            _check_patient(study, self.facts)
        else:
            study = _new_study(self)
        image.study, image.site = study, self.site
        image.save(force_insert=True)
        versions = rollout.at_work()
        queue.enqueue([image], versions)
        detail = {"batch": str(self.batch.pk), "image": str(image.pk)}
        Event.note(Event.Kind.UPLOAD, actor=actor, study=study, address=address, **detail)
        if not late:
            standing.begin(study, image, next((version for version in versions if version.active), None))
            return image.gate
        return self._join(study, actor)

    def _join(self, study, actor):
        withdrawn = study.status == Study.Status.WITHDRAWN
        if withdrawn:
            queue.cancel(study)
        handling.image_joined(study, self.image, actor)
        if self.priority < study.priority:
            # A late image that is sent as more urgent makes its study so; one sent as less urgent changes nothing.
            handling.change_priority(study, self.priority, actor, "a late image was sent in this class")
        return "joined_withdrawn" if withdrawn else self.image.gate


def pseudonym_key(site):
    """The key (bytes) of a site that de-identifies, drawn when it is first asked for; None for any other site."""
    if not site.deidentify:
        return None
    if not site.pseudonym_key:
        # Of two that draw at once the first is kept: a second key would give a patient a second name.
        Site.objects.filter(pk=site.pk, pseudonym_key="").update(pseudonym_key=secrets.token_hex(32))
        site.refresh_from_db(fields=["pseudonym_key"])
    return bytes.fromhex(site.pseudonym_key)


def _with_row(facts, row, site):
    """The facts of a film with what its row of the manifest adds; raises Misfit where they name two patients.

    The film's own identity and age come before the row's; the row's view is a human's word, and comes first.
    """
    if row is None:
        return facts
    said = {"patient_id": row.patient_id, "patient_name": row.patient_name, "accession": row.accession}
    if key := pseudonym_key(site):
        said = {name: value and pseudonym(key, KINDS[name], value) for name, value in said.items()}
    if facts["patient_id"] and said["patient_id"] and not _same(facts["patient_id"], said["patient_id"]):
        raise Misfit("manifest_conflict")
    added = {name: value for name, value in said.items() if value and not facts[name]}
    if facts["age_years"] is None and row.age_years is not None:
        added["age_years"] = row.age_years
    return facts | added | ({"view": row.view} if row.view else {})


def _same(one, other):
    return one.strip().casefold() == other.strip().casefold()


def _new_image(facts, sha256, decoded):
    """An unsaved Image under generated names."""
    key, (centre, width) = uuid.uuid4(), facts["window"] or (None, None)
    renditions = {}
    if decoded.viewing:
        renditions["viewing"] = keeping.name("renditions", ".view.png", key)
        renditions["model_input"] = keeping.name("renditions", ".model.png", key)
    return Image(
        id=key, sha256=sha256, content_hash=facts["content_hash"],
        **_fitting(Image, facts, "sop_uid", "format", "modality", "view", "pixels_version", "transfer_syntax"),
        gate=gate_of(facts["view"], facts["flaw"]), gate_detail=_cut(Image, "gate_detail", facts["flaw_detail"]),
        frames=facts["frames"], burned_in=facts["burned_in"], deidentified=bool(decoded.cleaned),
        original_sha256=keeping.digest(decoded.cleaned) if decoded.cleaned else "",
        rows=facts["rows"], columns=facts["columns"], bits=facts["bits"], window_centre=centre, window_width=width,
        **{name: facts[name] for name in SPACING},
        original=keeping.name("originals", key=key), **renditions,
    )  # fmt: skip


def _study_of(facts, site):
    """The study at this site that the film names, locked; None where it is the first of its study."""
    if not facts["study_uid"]:
        return None
    found = Study.objects.filter(site=site, study_uid=facts["study_uid"])
    return found.select_for_update(of=("self",)).select_related("site").first()


def _new_study(film):
    facts, site, batch = film.facts, film.site, film.batch
    if site.demo and not facts["synthetic"]:
        raise Misfit("phantoms_only")  # a Demo site goes with one command, and a patient's film must not go with it
    study = Study(
        site=site, batch=batch, priority=film.priority, synthetic=facts["synthetic"],
        received_at=worklist.database_now(),
        **_fitting(Study, facts, "study_uid", "accession", "patient_name", "patient_id", "sex", "description"),
        **_fitting(Study, facts, "clinical_question"),
        birth_date=_date(facts["birth_date"]), age_years=facts["age_years"], taken_at=_instant(facts["study_time"]),
        age_group=batch.age_group if facts["age_years"] is None else "",
    )  # fmt: skip
    study.due_at, study.cap_at = order.due(study, None)
    study.save(force_insert=True)
    return study


def _check_patient(study, facts):
    """One study is one patient's: a UID that comes again under another patient ID is a fault of whoever made it."""
    if study.patient_id and facts["patient_id"] and study.patient_id != _cut(Study, "patient_id", facts["patient_id"]):
        raise Misfit("patient_conflict", study)


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
