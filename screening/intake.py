"""The door: one sent file in, one receipt out. The page, the API, the command line and watched folders come this way.

A file is told by its content. What cannot be taken is answered, never raised: one bad file stops no other. Raised is
only what is nobody's file's fault: a full storage, a database that is away, a decoder that does not start.

In a batch on trial (a dry run) all of it happens but the storing: the bytes are held, and the receipt says what would
become of them. `take_held` takes them once the batch is confirmed.
"""

import contextlib
import io
import logging
import os
from pathlib import Path

from django.core.files.storage import default_storage
from django.db import IntegrityError, OperationalError, transaction

from screening import away, filing, gate, keeping, manifest, quotas, reasons, sandbox
from screening.companions import is_companion, is_left_out
from screening.keeping import StorageFull
from screening.models import Batch, Image, Receipt, Screening
from screening.said_elsewhere import LIST, LIST_WITH_FAULTS, ROW_IS_WRONG
from screening.sent import KeyReused, Sent

log = logging.getLogger(__name__)

MAX_FILE_B = 100 * 2**20
# Somebody else may store the same film or open the same study at the same moment; then what is there is looked at anew.
TRIES = 3
NOT_THE_FILES_FAULT = (
    StorageFull, OSError, *away.DATABASE_AWAY, sandbox.CannotStart, MemoryError, quotas.Exceeded,
)  # fmt: skip
DISK_FULL = "53100"  # PostgreSQL's own word for it
# What a dry run is in until it is confirmed.
NOT_STORED = (Batch.State.TRIAL, Batch.State.DISCARDED)


def receive(batch, name, source, *, actor=None, job=None, entry=None, address=None, key=""):
    """The receipt of one file. `source`: bytes, a path, or a seekable binary file.

    `job` and `entry` number an archive's entry: taken a second time, it gets the receipt of the first. So does a file
    that comes again under its sender's `key`; raises KeyReused where it is another file.
    Raises StorageFull, OSError for a source that cannot be read, sandbox.CannotStart, quotas.Exceeded of another site
    that a manifest names, and what the database raises when it is away; then nothing was stored.
    """
    return _taken(Arrival(batch, name, actor=actor, job=job, entry=entry, address=address, key=key), source)


def take_held(receipt):
    """Take the bytes that a dry run held into its batch, and write the receipt anew with what became of them.

    Raises as `receive`; where the bytes are gone, and the storage is not, the receipt says so.
    """
    held, batch = receipt.held.name, receipt.batch
    arrival = Arrival(batch, receipt.name, actor=batch.uploaded_by, again=receipt)
    try:
        file = default_storage.open(held)
    except FileNotFoundError:
        if not keeping.answers(held):
            raise
        return arrival.answer("held_missing")
    with file:
        receipt = _taken(arrival, file)
    keeping.drop(held)
    return receipt


def let_go(receipt):
    """Drop the bytes that a dry run held and nobody takes any more; the receipt says so."""
    held = receipt.held.name
    Arrival(receipt.batch, receipt.name, again=receipt).answer("held_missing")
    keeping.drop(held)


def refuse(batch, name, code, *, job=None, entry=None, size=0, key="", sentence=""):
    """The receipt of something that was not opened: an archive's bad entry, a file that is too large."""
    return Arrival(batch, name, job=job, entry=entry, size=size, key=key).answer(code, sentence=sentence)


def to_ring(receipts):
    """The ids of the pending screenings of accepted receipts: what `workers.dispatch.ring` takes."""
    images = [receipt.image_id for receipt in receipts if receipt.outcome == Receipt.Outcome.ACCEPTED]
    return list(Screening.objects.filter(image__in=images, state="pending").values_list("pk", flat=True))


def _taken(arrival, source):
    try:
        with _opened(source) as file, keeping.saying_full():
            return arrival.take(file)
    except OperationalError as error:
        if away.code_of(error) == DISK_FULL:
            raise StorageFull from error
        raise
    except (*NOT_THE_FILES_FAULT, KeyReused):
        raise
    except Exception as error:  # a fault of ours in one file stops no other; its message may quote the film
        log.error("intake failed with %s at %s", type(error).__name__, _where(error))
        return arrival.answer("internal_error")


class Arrival(Sent):
    """One file on its way in. `row`: what a manifest says of it, once that was asked."""

    row = None

    def take(self, file):
        """The receipt of an opened file. Raises KeyReused."""
        self.size = file.seek(0, os.SEEK_END)
        if is_left_out(self.name):
            return self.answer("companion")
        if self.size > MAX_FILE_B:
            return self.answer("too_large")
        self.sha256 = keeping.digest(file)
        if before := self.under_this_key():
            return before
        if manifest.is_manifest(self.name):
            return self._read_manifest(file)
        return self._at_its_site() or self._known() or self._decoded(file)

    def _read_manifest(self, file):
        file.seek(0)
        try:
            found = manifest.read(self.batch, file.read(manifest.MAX_B + 1), source=self.name)
        except manifest.Unreadable as unreadable:
            return self.answer("bad_manifest", sentence=unreadable.sentence)
        about = {"rows": found.rows, "faults": len(found.errors), "first": found.errors[0] if found.errors else ""}
        return self.answer("manifest", sentence=(LIST_WITH_FAULTS if found.errors else LIST) % about)

    def _at_its_site(self):
        """Turn to the site that the file's row of the manifest names; the receipt where that row is no good.

        What a dry run held at another site is at home again where its list, sent anew, no longer says so.
        """
        home = self.batch.parent or self.batch
        self.row = manifest.row_for(home, self.name)
        if self.row and self.row.error:
            return self.answer("manifest_row", sentence=ROW_IS_WRONG % {"row": self.row.row, "error": self.row.error})
        site = (self.row and self.row.site) or home.site
        if site != self.site:
            self.batch, self.site = home if site == home.site else manifest.sibling(home, site), site
            if not self.again:
                quotas.check(self.batch, self.size)
        return None

    def _images(self):
        """Those of the file's site alone: a film at another site is none of the sender's business."""
        return Image.objects.filter(site=self.site.pk)

    def _known(self):
        """The receipt of a file that is here, or that this dry run has seen, or None."""
        if known := self._images().filter(sha256=self.sha256).first():
            return self._here_already(known)
        if self.batch.state == Batch.State.TRIAL:
            seen = Receipt.objects.filter(batch=self.batch, sha256=self.sha256).exclude(held="").exists()
            return self.answer("same_file") if seen else None
        return None

    def _here_already(self, image, code="same_file"):
        return self.answer("withdrawn" if image.study.status == "withdrawn" else code, image=image)

    def _decoded(self, file):
        try:
            decoded = sandbox.decode(file, filing.pseudonym_key(self.site), of=self.batch.pk)
        except sandbox.Refused as refused:
            return self._refused(refused)
        with decoded:
            return self._settle(file, decoded)

    def _refused(self, refused):
        """A file that is no film is left out where its name says that it never meant to be one."""
        if refused.code in ("unsupported_type", "empty") and is_companion(self.name):
            return self.answer("companion")
        if refused.code not in reasons.REASONS:
            return self.answer("decoder_crashed")
        return self.answer(refused.code, sentence=refused.sentence)

    def _settle(self, file, decoded):
        for tried in range(TRIES):
            if receipt := self._overtaken(tried) or self._same_film(decoded.facts):
                return receipt
            with contextlib.suppress(IntegrityError):
                return self._store(file, decoded)
        log.error("intake gave up on a file of batch %s after %d tries", self.batch.pk, TRIES)
        return self.answer("internal_error")

    def _overtaken(self, tried):
        """The receipt of another run with the same bytes, who was faster than a try of ours, or None."""
        if not tried:
            return None  # looked at before the decoding; who came since then makes this try fail
        if receipt := self.written():
            return receipt
        known = self._images().filter(sha256=self.sha256).first()
        return known and self._here_already(known)

    def _same_film(self, facts):
        """The receipt of a film that is here under the same SOP Instance UID, or None.

        Of a picture that cannot be decoded nobody can say that it is the same one.
        """
        uid = facts["sop_uid"]
        known = self._images().filter(sop_uid=uid).first() if uid else None
        if known and not known.content_hash == facts["content_hash"] != "":
            return self.answer("uid_conflict", image=known)
        return known and self._here_already(known, "same_film")

    def _store(self, file, decoded):
        """Files first, then every row in one transaction: nobody sees half a film."""
        try:
            film = filing.Film(self.batch, self.site, self.sha256, decoded, self.row)
            if self.batch.state in NOT_STORED:
                return self._try(file, film)
            with keeping.kept(film.files(file)), transaction.atomic():
                code = film.file(self.actor, self.address)
                return self.write(code, sentence=gate.sentence(film.image, code), image=film.image)
        except filing.Misfit as misfit:
            return self.answer(misfit.code, study=misfit.study)

    def _try(self, file, film):
        """What would become of the film, found out by filing it and taking that back; on trial its bytes wait."""
        with transaction.atomic():
            code = film.file(self.actor, self.address)
            transaction.set_rollback(True)
        sentence = gate.sentence(film.image, code)
        if self.batch.state != Batch.State.TRIAL:
            return self.answer(code, sentence=sentence)
        held = keeping.name("held")
        with keeping.kept({held: file}), transaction.atomic():
            self._demand_trial()
            return self.write(code, sentence=sentence, held=held)

    def _demand_trial(self):
        """Nothing is held any more once the dry run is confirmed or discarded: then the file is settled anew.

        The lock makes whoever confirms or discards wait for a receipt that is being written.
        """
        trial = Batch.objects.select_for_update(no_key=True).get(pk=self.batch.parent_id or self.batch.pk)
        if trial.state != Batch.State.TRIAL:
            self.batch.state = trial.state
            raise IntegrityError("the dry run has ended meanwhile")


@contextlib.contextmanager
def _opened(source):
    if isinstance(source, bytes):
        source = io.BytesIO(source)
    if isinstance(source, str | Path):
        with Path(source).open("rb") as file:
            yield file
    else:
        yield source


def _where(error):
    frame = error.__traceback__
    while frame.tb_next:
        frame = frame.tb_next
    return f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}"
