"""How far a batch is: what became of its files, and what the AI has said of their studies."""

from dataclasses import dataclass

from django.db.models import Count, OuterRef, Subquery

from screening import reasons
from screening.answers import OPEN
from screening.models import Band, Image, Job, ModelVersion, Receipt, Screening, Study

UNSETTLED = (Job.State.PENDING, Job.State.LEASED)


@dataclass(frozen=True)
class Reason:
    """The files of a batch with one reason, other than plainly accepted ones."""

    code: str
    outcome: str
    files: int

    @property
    def sentence(self):
        return reasons.sentence(self.code)


@dataclass(frozen=True)
class Progress:
    """outcomes: {outcome: files}. reasons: the most frequent first. screenings: {state: images}, of the images that
    this batch brought. bands: {band: studies}. archives: those still to unpack, or that failed. packed: entries of
    archives that have no receipt yet (0 while an archive is not opened)."""

    outcomes: dict
    reasons: list
    screenings: dict
    bands: dict
    archives: list
    packed: int

    @property
    def files(self):
        return sum(self.outcomes.values())

    @property
    def images(self):
        return sum(self.screenings.values())

    @property
    def screened(self):
        return sum(count for state, count in self.screenings.items() if state not in OPEN)

    @property
    def settled(self):
        """Whether nothing of this batch will change by itself any more."""
        return self.screened == self.images and not any(job.state in UNSETTLED for job in self.archives)


def progress(batch):
    """The Progress of a batch, counted by the database."""
    receipts = Receipt.objects.filter(batch=batch).order_by()
    archives = list(Job.objects.filter(batch=batch, kind=Job.Kind.ARCHIVE).exclude(state=Job.State.DONE))
    return Progress(
        outcomes=dict.fromkeys(Receipt.Outcome.values, 0)
        | dict(receipts.values_list("outcome").annotate(files=Count("pk"))),
        reasons=[
            Reason(*row)
            for row in receipts.exclude(reason="")
            .values_list("reason", "outcome")
            .annotate(files=Count("pk"))
            .order_by("-files", "reason")
        ],
        screenings=_screenings(batch),
        bands=_bands(batch),
        archives=archives,
        packed=sum((job.total or 0) for job in archives) - receipts.filter(job__in=archives).count(),
    )


def _brought(batch):
    return Image.objects.filter(receipts__batch=batch, receipts__outcome=Receipt.Outcome.ACCEPTED).order_by()


def _screenings(batch):
    """{state: images} for the active version; an image that the gate keeps from the AI is "not_applicable"."""
    active = ModelVersion.objects.filter(active=True).first()
    states = Screening.objects.filter(image=OuterRef("pk"), model_version=active).values("state")
    found = _brought(batch).annotate(screening_state=Subquery(states[:1]))
    counted = {}
    for gate, state, images in found.values_list("gate", "screening_state").annotate(images=Count("pk")):
        key = "not_applicable" if gate else state or "pending"
        counted[key] = counted.get(key, 0) + images
    return counted


def _bands(batch):
    studies = Study.objects.filter(images__in=_brought(batch)).exclude(band="").order_by()
    counted = studies.values_list("band").annotate(studies=Count("pk", distinct=True))
    return dict.fromkeys(Band.values, 0) | dict(counted)
