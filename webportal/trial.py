"""What a dry run found, in one sentence and in groups; with the batches that its manifest made at other sites."""

from collections import Counter
from functools import cached_property

from django.utils.translation import ngettext, pgettext, pgettext_lazy

from screening import holding
from screening.models import Receipt
from screening.progress import Reason, progress, siblings
from screening.wording import thousands

# How the sentence names what is taken and not shown to the AI.
GATED = {
    "lateral": pgettext_lazy("files", "%(n)s lateral"),
    "no_content": pgettext_lazy("files", "%(n)s blank"),
    "multiframe": pgettext_lazy("files", "%(n)s with several pictures"),
    "undecodable": pgettext_lazy("files", "%(n)s not decodable yet"),
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
        """[(files, words with their `n`)] of those that are taken and the AI is not shown."""
        return [(each.files, GATED[each.code]) for each in self.reasons if each.code in GATED]

    @property
    def sentence(self):
        """`Of 812 files: 790 new, 15 already here, 4 lateral, 3 unreadable.`"""
        unreadable = sum(each.files for each in self.reasons if each.code in UNREADABLE)
        parts = [
            (self._outcomes[OUTCOME.DUPLICATE], pgettext("files", "%(n)s already here")),
            *self.gated,
            (unreadable, pgettext("files", "%(n)s unreadable")),
            (self._outcomes[OUTCOME.REJECTED] - unreadable, pgettext("files", "%(n)s rejected")),
            (self._outcomes[OUTCOME.CONFLICT], pgettext("files", "%(n)s in conflict")),
            (self._outcomes[OUTCOME.SKIPPED], pgettext("files", "%(n)s left out")),
        ]
        new, files = self.takes - sum(gated for gated, _words in self.gated), self._outcomes.total()
        found = [(new, pgettext("files", "%(n)s new")), *((count, words) for count, words in parts if count)]
        said = ", ".join(words % {"n": thousands(count)} for count, words in found)
        # Translators: %(said)s is "790 new, 15 already here, 4 lateral".
        sentence = ngettext("Of %(files)s file: %(said)s.", "Of %(files)s files: %(said)s.", files)
        return sentence % {"files": thousands(files), "said": said}

    @property
    def button(self):
        if self.gated:
            words = ngettext("Take these %(n)s film", "Take these %(n)s films", self.takes)
        else:
            words = ngettext("Take the %(n)s new one", "Take the %(n)s new ones", self.takes)
        return words % {"n": thousands(self.takes)}
