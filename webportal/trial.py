"""What a dry run found, in one sentence and in groups; with the batches that its manifest made at other sites."""

from collections import Counter
from functools import cached_property

from screening import holding
from screening.models import Receipt
from screening.progress import Reason, progress, siblings

# How the sentence names what is taken and not shown to the AI.
GATED = {
    "lateral": "lateral",
    "no_content": "blank",
    "multiframe": "with several pictures",
    "undecodable": "not decodable yet",
}
# Rejected because nobody could open them; the others were opened, and are not what is wanted here.
UNREADABLE = {
    "empty", "truncated", "malformed_image", "malformed_dicom", "no_pixels", "decoder_crashed", "decoder_timeout",
    "decoder_memory", "encrypted", "bad_entry", "bad_archive", "internal_error",
}  # fmt: skip
OUTCOME = Receipt.Outcome


class Trial:
    """The result of a dry run of `batch`, with what of it goes to others of these `sites`: the viewer's own.

    `unpacking`: how many of its archives are not unpacked yet, so that the figures still grow.
    """

    def __init__(self, batch, sites):
        self._found = [progress(each) for each in (batch, *siblings(batch, sites))]
        self.unpacking = holding.unpacking(batch)

    @cached_property
    def _outcomes(self):
        return sum((Counter(each.outcomes) for each in self._found), Counter())

    @cached_property
    def reasons(self):
        """[Reason], the most frequent first."""
        counted = Counter()
        for each in self._found:
            counted.update({(reason.code, reason.outcome): reason.files for reason in each.reasons})
        return [Reason(code, outcome, files) for (code, outcome), files in counted.most_common()]

    @property
    def takes(self):
        """How many files a confirmation takes."""
        return self._outcomes[OUTCOME.ACCEPTED]

    @property
    def gated(self):
        """[(files, words)] of those that are taken and the AI is not shown."""
        return [(each.files, GATED[each.code]) for each in self.reasons if each.code in GATED]

    @property
    def sentence(self):
        """`Of 812 files: 790 new, 15 already here, 4 lateral, 3 unreadable.`"""
        unreadable = sum(each.files for each in self.reasons if each.code in UNREADABLE)
        parts = [
            (self._outcomes[OUTCOME.DUPLICATE], "already here"),
            *self.gated,
            (unreadable, "unreadable"),
            (self._outcomes[OUTCOME.REJECTED] - unreadable, "rejected"),
            (self._outcomes[OUTCOME.CONFLICT], "in conflict"),
            (self._outcomes[OUTCOME.SKIPPED], "left out"),
        ]
        new, files = self.takes - sum(gated for gated, _ in self.gated), self._outcomes.total()
        said = [f"{new:,} new", *(f"{count:,} {words}" for count, words in parts if count)]
        return f"Of {files:,} {'file' if files == 1 else 'files'}: {', '.join(said)}."

    @property
    def button(self):
        if self.gated:
            return f"Take these {self.takes:,} {'film' if self.takes == 1 else 'films'}"
        return f"Take the {self.takes:,} new {'one' if self.takes == 1 else 'ones'}"
