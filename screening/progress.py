"""How far a batch is: what became of its files, what the AI has said of their studies, and when it will be done.

Counted by the database in a few queries, whatever the batch holds.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, ExpressionWrapper, F, FloatField, Max, Min, Q
from django.db.models.functions import Extract, Now

from screening import blinding, failures, reasons, wording
from screening.answers import OPEN
from screening.models import Band, Batch, Image, Job, ModelVersion, Receipt, Screening, Study
from screening.said_elsewhere import said

State = Screening.State
# The rate is that of the last minute, or where nothing ended in it of the last five.
LATELY = (timedelta(minutes=1), timedelta(minutes=5))


@dataclass(frozen=True)
class Reason:
    """The files of a batch with one reason, other than plainly accepted ones."""

    code: str
    outcome: str
    files: int

    @property
    def sentence(self):
        return said(reasons.sentence(self.code))


@dataclass(frozen=True)
class Progress:
    """outcomes: {outcome: files}; of a dry run, what would become of them. reasons: the most frequent first.
    screenings: {state: images}, of the images that this batch brought. bands: {band: studies}. archives: those still
    to unpack, or that failed; `left` of each is how many of its files have no receipt, None while it was not opened.
    packed: files of opened archives still to come. held: files of a dry run that would be taken. working: jobs that
    have not ended. failures: see `failures.Failure`. eta_s: seconds until the AI has ended with the batch, 0 where it
    has, None where nobody can say.
    """

    outcomes: dict
    reasons: list
    screenings: dict
    bands: dict
    archives: list
    packed: int
    held: int
    working: int
    failures: list
    eta_s: float | None

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
        return self.screened == self.images and not self.working


def progress(batch, user=None):
    """The Progress of a batch; without its bands where some of them are hidden from `user` (`screening.blinding`)."""
    active = ModelVersion.objects.filter(active=True).only("pk").first()
    files, gates, films, archives = _files(batch), _gates(batch), _screened(batch, active), archives_of(batch)
    taken = sum(row["films"] for row in files)
    states, held = _states(taken, gates, films), sum(row["held"] for row in files)
    return Progress(
        outcomes=dict.fromkeys(Receipt.Outcome.values, 0) | _summed((row["outcome"], row["files"]) for row in files),
        reasons=[Reason(row["reason"], row["outcome"], row["files"]) for row in files if row["reason"]],
        screenings=states,
        bands={} if user and _hides(batch, user) else dict.fromkeys(Band.values, 0) | _bands(batch),
        archives=archives,
        packed=sum(job.left or 0 for job in archives if job.state in Job.UNSETTLED),
        held=held,
        working=batch.jobs.filter(state__in=Job.UNSETTLED).count(),
        failures=[
            *failures.of_files(files),
            *failures.of_archives(archives),
            *failures.of_confirmation(batch, held),
            *failures.of_films(gates, films),
        ],
        eta_s=_eta_s(states, films, [job for job in archives if job.state in Job.UNSETTLED], active),
    )


def _hides(batch, user):
    return batch.site.blind_first and blinding.hidden(user).filter(site=batch.site).exists()


def siblings(batch, sites):
    """The batches of films that the manifest sent to other sites, of these `sites` alone; each with its `files`."""
    found = Batch.objects.filter(parent=batch, site__in=sites).select_related("site")
    return found.annotate(files=Count("receipts")).order_by("site__code")


def brought(*batches):
    """The receipts of the films that these batches brought."""
    return Receipt.objects.filter(batch__in=batches, outcome=Receipt.Outcome.ACCEPTED, image__isnull=False).order_by()


def _files(batch):
    counted = Receipt.objects.filter(batch=batch).order_by().values("outcome", "reason")
    films = Count("image", filter=Q(outcome=Receipt.Outcome.ACCEPTED))
    counted = counted.annotate(files=Count("pk"), films=films, held=Count("pk", filter=~Q(held="")))
    return list(counted.order_by("-files", "reason"))


def _gates(batch):
    """{gate: images} of those that the AI is not applied to."""
    return dict(_gated(batch).order_by().values_list("gate").annotate(images=Count("pk")))


def _gated(batch):
    return Image.objects.exclude(gate="").filter(pk__in=brought(batch).values("image"))


def _screened(batch, active):
    """Rows {state, error_code, films, sentence, priority, due_at}: the active version's screenings of the films that
    the AI is applied to. Those that were shut off from it later are few, and taken off: asking each film is slow."""
    mine = Screening.objects.filter(model_version=active).order_by().values("state", "error_code")
    counted = mine.filter(image__in=brought(batch).values("image")).annotate(
        films=Count("pk"), sentence=Min("error_sentence"), priority=Max("priority"), due_at=Max("due_at")
    )
    shut_off = mine.filter(image__in=_gated(batch).values("pk")).annotate(films=Count("pk"))
    less = {(row["state"], row["error_code"]): row["films"] for row in shut_off}
    rows = [row | {"films": row["films"] - less.get((row["state"], row["error_code"]), 0)} for row in counted]
    return [row for row in rows if row["films"]]


def _states(taken, gates, films):
    """{state: images}: an image that is shut off is "not_applicable", one that has no screening yet "pending"."""
    shut_off, screened = sum(gates.values()), sum(row["films"] for row in films)
    states = [(row["state"], row["films"]) for row in films]
    states += [("not_applicable", shut_off), ("pending", taken - shut_off - screened)]
    return _summed((state, count) for state, count in states if count)


def _summed(pairs):
    counted = {}
    for key, count in pairs:
        counted[key] = counted.get(key, 0) + count
    return counted


def _bands(batch):
    studies = Study.objects.filter(pk__in=brought(batch).values("study")).exclude(band="").order_by()
    return dict(studies.values_list("band").annotate(studies=Count("pk")))


def archives_of(batch):
    """The archives (Jobs) of a batch that are not unpacked to the end, each with `left`."""
    jobs = Job.objects.filter(batch=batch, kind=Job.Kind.ARCHIVE).exclude(state=State.DONE)
    found = list(jobs.annotate(left=F("total") - Count("receipts")).order_by("created_at"))
    for job in found:
        if job.state == State.CANCELLED:
            job.error_code, job.error_sentence = "cancelled", wording.not_unpacked(job.left)
    return found


def _eta_s(states, films, unpacking, active):
    waiting = sum(states.get(state, 0) for state in OPEN)
    if not waiting and not unpacking:
        return 0.0
    rate = active and all(job.left is not None for job in unpacking) and _rate(active)
    if not rate:
        return None
    return (max(waiting, _before(films, active)) + sum(job.left for job in unpacking)) / rate


def _before(films, active):
    """How many films wait until the last pending one of these has had its turn, itself included."""
    pending = [(row["priority"], row["due_at"]) for row in films if row["state"] == State.PENDING]
    if not pending:
        return 0
    priority, due_at = max(pending)
    before = Q(priority__lt=priority) | Q(priority=priority, due_at__lte=due_at)
    return Screening.objects.filter(before, state=State.PENDING, model_version=active).count()


def _rate(active):
    """Films a second that the active version has ended with of late; None where it has not ended any."""
    ended = Screening.objects.filter(model_version=active, state__in=(State.DONE, State.FAILED, State.QUARANTINED))
    for window in LATELY:
        since = Extract(Now() - Min("ended_at"), "epoch")
        found = ended.filter(ended_at__gt=Now() - window).aggregate(
            films=Count("pk"), seconds=ExpressionWrapper(since, output_field=FloatField())
        )
        if found["films"]:
            return found["films"] / max(float(found["seconds"]), 1.0)
    return None
