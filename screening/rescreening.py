"""Screening chosen studies again by another model version. Both predictions stay; a read study stays read."""

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from screening import queue, rollout
from screening.models import BACKGROUND, Event, Image, ModelVersion, Prediction, Screening, Site, Study

CHUNK = 500
State = Screening.State
READ = (Study.Status.READ,)
# Which studies are meant: (name, words, statuses).
CHOICES = [
    ("waiting", _("waiting"), Study.ON_WORKLIST),
    ("read", pgettext_lazy("study status", "read"), READ),
    ("all", _("waiting and read"), (*Study.ON_WORKLIST, *READ)),
]


@dataclass(frozen=True)
class Wish:
    """Which studies a version is to screen: those of a site (or all), by status, received since a day (or ever)."""

    version: ModelVersion
    status: str = "waiting"
    site: Site | None = None
    since: date | None = None

    @property
    def images(self):
        """The images that the AI is applied to."""
        statuses = next(statuses for name, _words, statuses in CHOICES if name == self.status)
        found = Image.objects.filter(study__status__in=statuses, gate="")
        found = found.filter(study__site=self.site) if self.site else found
        return found.filter(study__received_at__date__gte=self.since) if self.since else found


@dataclass(frozen=True)
class Amount:
    """Of what was wished: studies and images, how many images the version has scored or holds in its queue, and how
    many it would screen now."""

    studies: int
    images: int
    scored: int
    queued: int

    @property
    def left(self):
        return self.images - self.scored - self.queued


def count(wish):
    """How much a wish is, before it is asked for."""
    images = wish.images
    mine = Screening.objects.filter(model_version=wish.version, state__in=Screening.UNSETTLED)
    scored = Prediction.objects.filter(model_version=wish.version)
    return Amount(
        studies=images.order_by().values("study").distinct().count(),
        images=images.count(),
        scored=images.filter(pk__in=scored.values("image")).count(),
        queued=images.filter(pk__in=mine.values("image")).count(),
    )


class Resting(Exception):
    """The version is neither active nor in shadow: nobody would screen anything by it."""


def rescreen(wish, actor=None):
    """Put what the version has not scored of the wish into its queue, a chunk a transaction; returns the ids to ring
    for. Raises Resting.

    What failed is tried again; a film that is in quarantine stays there. It ends early where the version comes to
    rest meanwhile, and the Event says how many images it was.
    """
    images = list(wish.images.order_by("pk").values_list("pk", flat=True))
    ids = []
    try:
        for start in range(0, max(len(images), 1), CHUNK):
            ids += _some(wish, images[start : start + CHUNK])
    except Resting:
        if not ids:
            raise
    detail = {"model": str(wish.version.pk), "status": wish.status, "since": wish.since and wish.since.isoformat()}
    Event.note(Event.Kind.RESCREEN, actor=actor, site=wish.site, images=len(ids), **detail)
    return ids


@transaction.atomic
def _some(wish, images):
    rollout.lock_versions()
    version = ModelVersion.objects.filter(rollout.AT_WORK, pk=wish.version.pk).first()
    if version is None:
        raise Resting
    # As they stand by now: what was withdrawn meanwhile is left out.
    wished = wish.images.filter(pk__in=images)
    held = Screening.objects.filter(model_version=version, image__in=wished.values("pk"))
    held = held.filter(state__in=(State.FAILED, State.CANCELLED, State.SUPERSEDED))
    unhurried = held if version.shadow else held.filter(image__study__status__in=READ)
    unhurried.update(priority=BACKGROUND)
    new = wished.exclude(screenings__model_version=version).select_related("study")
    return queue.again(held) + queue.enqueue_for(new, version)


def progress(version):
    """{pending, running, done, failed}: how far the version is with all that it was ever given."""
    return Screening.objects.filter(model_version=version).aggregate(
        pending=Count("pk", filter=Q(state=State.PENDING)),
        running=Count("pk", filter=Q(state=State.LEASED)),
        done=Count("pk", filter=Q(state=State.DONE)),
        failed=Count("pk", filter=Q(state__in=(State.FAILED, State.QUARANTINED))),
    )
