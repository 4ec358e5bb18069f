"""What a page says of the AI's answer to one study."""

from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _

from ml.card import share_with_pneumonia
from screening import wording
from screening.answers import answer
from screening.models import SHOWN, Image, ModelVersion, Prediction, Study


@dataclass
class AiCard:
    """The AI's answer as it stands: band, score, what the band is worth at its site, and whose it is.

    `hidden` from a reader who has no finding yet (`screening.blinding`), it says none of that.
    """

    study: Study
    hidden: bool = False

    @property
    def pending(self):
        """Whether an answer, or a better one, may still come."""
        study = self.study
        return (
            not self.hidden
            and study.ai_state in ("pending", "partly_screened")
            and study.status != Study.Status.WITHDRAWN
        )

    @property
    def failed(self):
        return not self.hidden and self.study.ai_state in ("failed", "quarantined", "cancelled", "partly_failed")

    @property
    def words(self):
        """Why there is no score, or why it does not count; empty where it does."""
        if self.hidden:
            return ""
        if self._gated:
            return wording.gate(self._gated)
        words = wording.ai_state(self.study.ai_state)
        ages = self.study.model_version and self.study.model_version.card.get("age_range")
        if self.study.ai_state != "outside_age" or not ages:
            return words
        # Translators: %(words)s is "outside the model's ages".
        return _("%(words)s (%(low)s to %(high)s years)") % {"words": words, "low": ages[0], "high": ages[1]}

    @cached_property
    def _gated(self):
        """The picture whose gate is why there is no answer, or None."""
        state = self.study.ai_state
        return self.study.images.filter(gate=state).first() if state in Image.Gate.values else None

    @property
    def mark(self):
        """Changes whenever the answer does."""
        if self.hidden:
            return "hidden"
        study = self.study
        return f"{study.ai_state}/{study.band}/{study.score}/{study.model_version_id or ''}"

    @property
    def worth(self):
        """`About 7 of 10 films ...`; empty where the band does not rest on a score that counts."""
        study = self.study
        if self.hidden or study.ai_state != "screened" or study.model_version is None:
            return ""
        ppv = ppv_of(study)
        # Translators: %(share)s is "About 7 of 10" or "Fewer than 1 of 100".
        sentence = _("%(share)s films with this band have pneumonia at this site's %(prevalence)s %% prevalence.")
        return sentence % {"share": share(ppv), "prevalence": f"{100 * study.site.prevalence:.3g}"}

    @cached_property
    def _answers(self):
        """{version: [Answer of each image]}, of the versions that are shown, in the order they first answered."""
        if self.hidden:
            return {}
        found = Prediction.objects.filter(SHOWN, image__study=self.study).select_related("model_version")
        said = {}
        for prediction in found.order_by("created_at"):
            said.setdefault(prediction.model_version, []).append(answer(prediction, self.study))
        return said

    @property
    def side_by_side(self):
        """`default 1.0: 34, default 2.0: 71`, where several versions have scored this study; else empty."""
        return ", ".join(_highest(*each) for each in self._answers.items()) if len(self._answers) > 1 else ""

    @property
    def subtypes(self):
        """What a model with three classes says of the image that gives the score, in a sentence; else empty."""
        scored = [each for each in self._answers.get(self.study.model_version, []) if each.probability is not None]
        return wording.subtypes(max(scored, key=lambda each: each.probability).subtypes) if scored else ""


def _highest(version: ModelVersion, answers):
    scores = [each.score for each in answers if each.score is not None]
    return f"{version.name} {version.version}: {max(scores) if scores else _('no score that counts')}"


def ppv_of(study):
    """Share 0..1 with pneumonia among films of the study's band at its site's prevalence, by the card that gave it.

    Read from the card as it was kept, whatever its schema: an old score keeps its worth.
    """
    return share_with_pneumonia(study.model_version.card["band_rates"][study.band], study.site.prevalence)


def share(ppv):
    """A share 0..1 as people weigh it: `About 7 of 10`, `About 2 of 100`, `Fewer than 1 of 100`."""
    if ppv >= 0.15:
        return _("About %(n)s of 10") % {"n": round(10 * ppv)}
    return _("About %(n)s of 100") % {"n": round(100 * ppv)} if ppv >= 0.01 else _("Fewer than 1 of 100")
