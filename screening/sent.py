"""One sent file and its receipt, which is written once.

An archive's entry has one, whatever interrupts the archive; a file under its sender's key has one, however often it
comes; and what a dry run held has the one of the dry run, written anew by the first that takes it.
"""

import re
from pathlib import PurePosixPath

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from screening import quotas, reasons
from screening.models import Receipt

# What a de-identified film's name may end in: anything else may be a part of a person's.
KINDS = {
    ".jpg",
    ".jpeg",
    ".jpe",
    ".png",
    ".dcm",
    ".dicom",
    ".dic",
    ".zip",
    ".csv",
    ".tif",
    ".tiff",
    ".bmp",
    ".gif",
    ".pdf",
}
# Control characters, half characters, and those that turn the direction of the text around them.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
LONGEST = 255


class KeyReused(Exception):
    """Another file came under this Idempotency-Key before: `receipt` is its receipt, or None for an archive."""

    sentence = gettext_noop("Another file was sent under this Idempotency-Key: give every file a key of its own.")

    def __init__(self, receipt=None):
        super().__init__(self.sentence)
        self.receipt = receipt


class Sent:
    """What is known of one sent file. `again` is the receipt of a dry run that is written anew, or None."""

    def __init__(self, batch, name, *, actor=None, job=None, entry=None, address=None, size=0, key="", again=None):
        self.batch, self.site, self.name, self.actor = batch, batch.site, clean(name), actor
        self.job, self.entry, self.address, self.key, self.again = job, entry, address, key, again
        self.sha256, self.size = (again.sha256, again.size) if again else ("", size)

    def answer(self, code, **about):
        """Write the receipt; a file that has one keeps it. Raises KeyReused."""
        try:
            with transaction.atomic():
                return self.write(code, **about)
        except IntegrityError:
            if receipt := self.written():
                return receipt
            raise

    def write(self, code, *, sentence="", image=None, study=None, held=""):
        """Write the receipt, in the caller's transaction; raises IntegrityError where another run was faster."""
        values = {
            "batch": self.batch,
            "name": self._shown_name(held),
            "sha256": self.sha256,
            "size": self.size,
            "outcome": reasons.outcome(code),
            "reason": code,
            "sentence": UNPRINTABLE.sub("\ufffd", sentence or reasons.sentence(code))[:LONGEST],
            "image": image,
            "study": image.study if image else study,
            "held": held,
        }
        if self.again:
            return self._rewrite(values)
        receipt = Receipt.objects.create(key=self.key, job=self.job, entry=self.entry, **values)
        quotas.count(self.site, self.batch.uploaded_by, self.size)
        return receipt

    def _rewrite(self, values):
        """Of two runs that take what is held the first one's word stands; the other's IntegrityError takes its back."""
        if not Receipt.objects.filter(pk=self.again.pk, held=self.again.held.name).update(**values):
            raise IntegrityError("the receipt was written by another run")
        self.again.refresh_from_db()
        return self.again

    def _shown_name(self, held):
        """A held file keeps the name that its row of the manifest knows it by, until it is taken."""
        return self.name if held else kept_name(self.site, self.name, self.sha256)

    def written(self):
        """The receipt that another run has written meanwhile: the held file's, this entry's, or under this key."""
        if self.again:
            return Receipt.objects.filter(pk=self.again.pk).exclude(held=self.again.held.name).first()
        if self.job:
            return Receipt.objects.filter(job=self.job, entry=self.entry).first()
        return self.under_this_key()

    def under_this_key(self):
        """The receipt of the same file under the same key, or None. Raises KeyReused."""
        if not self.key:
            return None
        before = Receipt.objects.filter(batch=self.batch, key=self.key).first()
        if before and before.sha256 != self.sha256:
            raise KeyReused(before)
        return before


def clean(text, most=LONGEST):
    """Text as PostgreSQL takes it and a page may show it; of a long path the end, where the file's name is."""
    return UNPRINTABLE.sub("\ufffd", text)[-most:]


def kept_name(site, name, sha256):
    """A file's name as receipts keep it; a site that de-identifies keeps of it no more than tells the kind of file."""
    if not site.deidentify:
        return name
    end = PurePosixPath(name).suffix.lower()
    return (sha256[:12] or "file") + (end if end in KINDS else "")
