"""What the AI says of images that were just sent, and which of them it has still to look at."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from screening import blinding, standing
from screening.models import SHOWN, Band, Image, ModelVersion, Prediction, Screening

OPEN = (Screening.State.PENDING, Screening.State.LEASED, Screening.State.SUPERSEDED)


@dataclass(frozen=True)
class Answer:
    """What one model version says of one image, as far as it counts.

    probability: 0..1, calibrated, at the reference prevalence of 20 %; None for a child or an adult outside the
    card's ages and for a film unlike those it learned from, where the band is "uncertain" whatever the model says.
    subtypes: of a model with three classes, for research alone.
    """

    probability: float | None
    band: str
    model_version: ModelVersion
    subtypes: dict | None = None

    @property
    def score(self):
        return None if self.probability is None else round(100 * self.probability)


def awaited(images):
    """Of the given images (ids), those that the AI will answer for and has not: a queryset."""
    ended = Screening.objects.filter(SHOWN, image=OuterRef("pk")).exclude(state__in=OPEN)
    return Image.objects.filter(pk__in=images, gate="").exclude(Exists(ended))


def answers(images, user=None):
    """{image id: Answer} for those of the given images (ids) that have one; the active version's before older ones.

    What is hidden from `user` (`screening.blinding`) is left out.
    """
    if not images:
        return {}
    found = Prediction.objects.filter(SHOWN, image__in=images).select_related("image__study")
    if user:
        found = found.exclude(image__study__in=blinding.hidden(user).values("pk"))
    found = list(found.order_by("model_version__active", "created_at"))
    if not found:
        return {}
    versions = ModelVersion.objects.in_bulk()  # a card is long: read once each, not once a prediction
    said = {}
    for each in found:
        each.model_version = versions[each.model_version_id]
        said[each.image_id] = answer(each, each.image.study)
    return said


def answer(prediction, study):
    """The Answer of one prediction for a film of `study`, as far as it counts there."""
    version = prediction.model_version
    if standing.outside_age(study, version) or standing.outside_domain(study, prediction):
        return Answer(None, Band.UNCERTAIN, version)
    return Answer(prediction.probability, prediction.band, version, prediction.subtypes)
