"""Which read films leave for training, and what is said of each: a label, keys, and nothing that names a patient."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.db.models import Prefetch

from screening.models import LATERAL_VIEWS, Finding, Read, Study
from screening.pseudonyms import Pseudonyms

CHUNK = 500
# The classes that `python -m ml train` knows. "NORMAL" here means: read as without pneumonia.
LABELS = {Finding.PRESENT: "PNEUMONIA", Finding.ABSENT: "NORMAL"}
VIEWS = {"", "PA", "AP", *LATERAL_VIEWS}  # what else a file says of its view may be free text
OLDEST = 90  # above 89 an age can point to one person (HIPAA, safe harbor)


@dataclass(frozen=True)
class Wish:
    """Which films are meant. Days are those on which the finding that counts was signed, both included."""

    sites: tuple = ()  # none: every site
    since: date | None = None
    until: date | None = None
    findings: tuple = tuple(LABELS)
    unseen: bool = False  # only what was read without an AI score
    laterals: bool = False
    phantoms: bool = False  # the synthetic ones instead of patients' films
    study_as_patient: bool = False


@dataclass(frozen=True)
class Row:
    """One line of manifest.csv, in the order of its columns. Every key is a pseudonym."""

    path: str
    label: str
    patient: str
    study: str
    site: str
    age_years: int | str
    view: str
    seen_ai: str
    band_at_reading: str
    model_version: str
    finding: str
    read_year: int


@dataclass(frozen=True)
class Film:
    """A row, and what it speaks of: the image's id, and the name of its model rendition in storage."""

    row: Row
    image: UUID
    rendition: str


@dataclass
class Chosen:
    """left_out: {why: how many studies or images}."""

    films: list[Film] = field(default_factory=list)
    left_out: Counter = field(default_factory=Counter)

    def count(self, column: str) -> Counter:
        return Counter(getattr(film.row, column) for film in self.films)


def choose(wish: Wish, pseudonyms: Pseudonyms) -> Chosen:
    """The films of the studies that are READ now; a withdrawn study, or one that a late image reopened, is not."""
    chosen = Chosen()
    for study in _read_studies(wish):
        reads = list(study.reads.all())
        if not _on_a_day_of(wish, reads[-1]):
            continue
        if why := _why_not(wish, study, reads):
            chosen.left_out[why] += 1
            continue
        for image in study.images.all():
            if image.frontal or wish.laterals:
                chosen.films.append(Film(_row(study, image, reads, pseudonyms), image.pk, image.model_input.name))
            else:
                chosen.left_out["lateral images"] += 1
    # By pseudonym: the order of the rows says nothing of the order in which patients came.
    chosen.films.sort(key=lambda film: film.row.path)
    return chosen


def _read_studies(wish) -> Iterator[Study]:
    studies = Study.objects.filter(status=Study.Status.READ, synthetic=wish.phantoms)
    if wish.sites:
        studies = studies.filter(site__in=wish.sites)
    # A second read changes no finding by itself.
    reads = Read.objects.exclude(kind=Read.Kind.SECOND).select_related("model_version").order_by("signed_at")
    return studies.prefetch_related("images", Prefetch("reads", reads)).iterator(chunk_size=CHUNK)


def _on_a_day_of(wish, read):
    day = read.signed_at.date()
    return (wish.since is None or wish.since <= day) and (wish.until is None or day <= wish.until)


def _why_not(wish, study, reads):
    """Why a study's films stay here, or ""."""
    read = reads[-1]
    if read.finding not in LABELS:
        return f"studies read as {Finding(read.finding).label.lower()}"
    if read.finding not in wish.findings:
        return "studies with the other finding"
    if wish.unseen and seen_ai(reads):
        return "studies read with an AI score"
    if not study.patient_id.strip() and not wish.study_as_patient:
        return "studies without a patient ID"
    return ""


def _row(study, image, reads, pseudonyms):
    read = reads[-1]
    has_id = study.patient_id.strip()
    return Row(
        path=f"films/{pseudonyms.of('image', image.pk)}.png",
        label=LABELS[read.finding],
        patient=pseudonyms.of_patient(study.patient_id) if has_id else pseudonyms.of("study as patient", study.pk),
        study=pseudonyms.of("study", study.pk),
        site=pseudonyms.of("site", study.site_id),
        age_years="" if study.age_years is None else min(int(study.age_years), OLDEST),
        view=image.view if image.view in VIEWS else "OTHER",
        seen_ai="yes" if seen_ai(reads) else "no",
        band_at_reading=read.band,
        model_version="" if read.model_version is None else str(read.model_version),
        finding=read.finding,
        read_year=read.signed_at.year,
    )


def seen_ai(reads) -> bool:
    """Whether an AI score stood on the study when one of its reads, addenda included, was signed.

    It leans to yes: a score that came while a reader had the film open counts, though it is opened only on a click, and
    so does the score that a first reader had of a study that a second one judged. A band without a score (outside the
    ages or the domain) says nothing of pneumonia, and does not count.
    """
    return any(read.probability is not None for read in reads)
