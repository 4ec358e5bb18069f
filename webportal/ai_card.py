"""What a page says of the AI's answer to one study."""

from dataclasses import dataclass

from ml.card import Card
from screening import wording
from screening.models import Study


@dataclass(frozen=True)
class AiCard:
    """The AI's answer as it stands: band, score, what the band is worth at its site, and whose it is."""

    study: Study

    @property
    def pending(self):
        """Whether an answer, or a better one, may still come."""
        return self.study.ai_state in ("pending", "partly_screened") and self.study.status != Study.Status.WITHDRAWN

    @property
    def failed(self):
        return self.study.ai_state in ("failed", "quarantined", "cancelled", "partly_failed")

    @property
    def words(self):
        """Why there is no score, or why it does not count; empty where it does."""
        words = wording.ai_state(self.study.ai_state)
        ages = self.study.model_version and self.study.model_version.card.get("age_range")
        return f"{words} ({ages[0]} to {ages[1]} years)" if self.study.ai_state == "outside_age" and ages else words

    @property
    def mark(self):
        """Changes whenever the answer does."""
        study = self.study
        return f"{study.ai_state}/{study.band}/{study.score}/{study.model_version_id or ''}"

    @property
    def worth(self):
        """`About 7 of 10 films ...`; empty where the band does not rest on a score that counts."""
        study = self.study
        if study.ai_state != "screened" or study.model_version is None:
            return ""
        ppv = Card(**study.model_version.card).ppv(study.band, study.site.prevalence)
        prevalence = f"{100 * study.site.prevalence:.3g} % prevalence"
        return f"{share(ppv)} films with this band have pneumonia at this site's {prevalence}."


def share(ppv):
    """A share 0..1 as people weigh it: `About 7 of 10`, `About 2 of 100`, `Fewer than 1 of 100`."""
    if ppv >= 0.15:
        return f"About {round(10 * ppv)} of 10"
    return f"About {round(100 * ppv)} of 100" if ppv >= 0.01 else "Fewer than 1 of 100"
