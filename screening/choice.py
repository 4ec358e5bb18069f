"""What of the worklist is shown: filters that combine. They hide nothing from the order, and "all" is one key away.

Where a site is blind-first its readers do not filter by what the AI says: its studies stay out of such a choice
altogether, whatever the AI says of them, and where all sites are so the choice does without.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from screening import places
from screening.models import Screening

NOT_YET = ("pending", "no_model")
# name -> (words, holds(what has a band and an AI state)).
AI = {
    "screened": (_("Screened"), lambda of: of.ai_state == "screened"),
    "pending": (_("AI pending"), lambda of: not of.band and of.ai_state in NOT_YET),
    "without_ai": (_("Without AI"), lambda of: not of.band and of.ai_state not in NOT_YET),
    "failed": (_("AI failed"), lambda of: of.ai_state in Screening.ENDED_BADLY),
    "partly": (_("Some images without AI"), lambda of: of.ai_state.startswith("partly_")),
    "outside": (_("Outside the model's ages or films"), lambda of: of.ai_state.startswith("outside_")),
}


@dataclass(frozen=True)
class Choice:
    """Filters, all of which must hold. `mine` is the id of the reader whose claims are shown."""

    priority: int | None = None
    band: str = ""
    ai: str = ""
    mine: UUID | None = None
    unclaimed: bool = False
    overdue: bool = False

    @property
    def by_ai(self):
        return bool(self.band or self.ai)

    def of_kind(self, of):
        """Whether band and AI state of `of` (a Kind or a Study) are chosen."""
        return self.band in ("", of.band) and (not self.ai or AI[self.ai][1](of))

    @property
    def positions(self):
        """The numbers of the ranges (`places.RANGES`) that are shown."""
        return [
            number
            for number, (priority, overdue) in enumerate(places.RANGES)
            if self.priority in (None, priority) and (overdue or not self.overdue)
        ]

    def takes(self, study, t0):
        """Whether a study, as it stood at t0, is chosen."""
        mine = self.mine is None or study.claimed_by_id == self.mine
        free = not self.unclaimed or study.claimed_by_id is None
        return mine and free and self.of_kind(study) and places.place_of(study, t0).position in self.positions

    def within(self, sites, blind):
        """(choice, sites) as they count for a reader of these Sites, `blind` of which hide the AI from the reader."""
        if not self.by_ai or not blind:
            return self, list(sites)
        seeing = [site for site in sites if site not in blind]
        return (self, seeing) if seeing else (replace(self, band="", ai=""), list(sites))


EVERYTHING = Choice()
