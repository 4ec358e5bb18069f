"""The door: one sent file in, one receipt out. The page, the API and the command line all come through `receive`.

A file is told by its content. What cannot be taken is answered, never raised: one bad file stops no other. Raised is
only what is nobody's file's fault: a full storage, a database that is away, a decoder that does not start.
"""

import contextlib
import hashlib
import io
import logging
import os
import re
import uuid
from pathlib import Path, PurePosixPath

from django.db import IntegrityError, InterfaceError, OperationalError, transaction

from screening import filing, keeping, reasons, sandbox
from screening.keeping import StorageFull
from screening.models import Image, Receipt, Screening

log = logging.getLogger(__name__)

MAX_FILE_B = 100 * 2**20
CHUNK = 2**20
# Somebody else may store the same film or open the same study at the same moment; then what is there is looked at anew.
TRIES = 3
NOT_THE_FILES_FAULT = (StorageFull, OSError, OperationalError, InterfaceError, sandbox.CannotStart, MemoryError)
DISK_FULL = "53100"  # PostgreSQL's own word for it

# What lies beside films on a CD or in a folder. Asked only where the content is no film.
COMPANION_NAMES = {".ds_store", "thumbs.db", "desktop.ini", "dicomdir", "autorun.inf", "license", "readme", "changelog"}
COMPANION_ENDS = {".txt", ".md", ".htm", ".html", ".css", ".js", ".xml", ".json", ".csv", ".inf", ".ini", ".log"}
COMPANION_FOLDERS = {"__MACOSX", ".git", ".Trashes"}

# Control characters, half characters, and those that turn the direction of the text around them.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def receive(batch, name, source, *, actor=None, job=None, entry=None, address=None):
    """The receipt of one file. `source`: bytes, a path, or a seekable binary file.

    `job` and `entry` number an archive's entry: taken a second time, it gets the receipt of the first.
    Raises StorageFull, OSError for a source that cannot be read, sandbox.CannotStart, and what the database raises
    when it is away; then nothing was stored.
    """
    arrival = Arrival(batch, clean(name), actor, job, entry, address)
    try:
        with _opened(source) as file, keeping.saying_full():
            return arrival.take(file)
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) == DISK_FULL:
            raise StorageFull from error
        raise
    except NOT_THE_FILES_FAULT:
        raise
    except Exception as error:  # a fault of ours in one file stops no other; its message may quote the film
        log.error("intake failed with %s at %s", type(error).__name__, _where(error))
        return arrival.answer("internal_error")


def refuse(batch, name, code, *, job=None, entry=None, size=0):
    """The receipt of something that was not opened: an archive's bad entry, a file that is too large."""
    return Arrival(batch, clean(name), job=job, entry=entry, size=size).answer(code)


def to_ring(receipts):
    """The ids of the pending screenings of accepted receipts: what `workers.dispatch.ring` takes."""
    images = [receipt.image_id for receipt in receipts if receipt.outcome == Receipt.Outcome.ACCEPTED]
    return list(Screening.objects.filter(image__in=images, state="pending").values_list("pk", flat=True))


class Arrival:
    """One file on its way in."""

    def __init__(self, batch, name, actor=None, job=None, entry=None, address=None, size=0):
        self.batch, self.name, self.actor, self.job, self.entry = batch, name, actor, job, entry
        self.address, self.size, self.sha256 = address, size, ""

    def take(self, file):
        """The receipt of an opened file."""
        self.size = file.seek(0, os.SEEK_END)
        if _is_left_out(self.name):
            return self.answer("companion")
        if self.size > MAX_FILE_B:
            return self.answer("too_large")
        self.sha256 = _digest(file)
        if known := self._images().filter(sha256=self.sha256).first():
            return self._here_already(known)
        try:
            decoded = sandbox.decode(file)
        except sandbox.Refused as refused:
            return self._refused(refused)
        with decoded.viewing:
            return self._settle(file, decoded)

    def answer(self, code, **about):
        """Write the receipt; an entry that has one keeps it."""
        try:
            with transaction.atomic():
                return self._write(code, **about)
        except IntegrityError:
            if receipt := self._written():
                return receipt
            raise

    def _write(self, code, *, sentence="", image=None, study=None):
        return Receipt.objects.create(
            batch=self.batch,
            name=self.name,
            job=self.job,
            entry=self.entry,
            sha256=self.sha256,
            size=self.size,
            outcome=reasons.outcome(code),
            reason=code,
            sentence=clean(sentence or reasons.sentence(code)),
            image=image,
            study=image.study if image else study,
        )

    def _written(self):
        """The receipt that another run of the same job has written for this entry meanwhile, or None."""
        return self.job and Receipt.objects.filter(job=self.job, entry=self.entry).first()

    def _images(self):
        """Those of the batch's site alone: a film at another site is none of the sender's business."""
        return Image.objects.filter(site=self.batch.site_id).select_related("study")

    def _here_already(self, image, code="same_file"):
        return self.answer("withdrawn" if image.study.status == "withdrawn" else code, image=image)

    def _refused(self, refused):
        """A file that is no film is left out where its name says that it never meant to be one."""
        if refused.code in ("unsupported_type", "empty") and _is_companion(self.name):
            return self.answer("companion")
        if refused.code not in reasons.REASONS:
            return self.answer("decoder_crashed")
        return self.answer(refused.code, sentence=refused.sentence)

    def _settle(self, file, decoded):
        for _ in range(TRIES):
            if receipt := self._written() or self._same_film(decoded.facts):
                return receipt
            with contextlib.suppress(IntegrityError):
                return self._store(file, decoded)
        log.error("intake gave up on a file of batch %s after %d tries", self.batch.pk, TRIES)
        return self.answer("internal_error")

    def _same_film(self, facts):
        """The receipt of a film that is here under the same bytes or the same SOP Instance UID, or None."""
        if known := self._images().filter(sha256=self.sha256).first():
            return self._here_already(known)
        uid = facts["sop_uid"]
        known = self._images().filter(sop_uid=uid).first() if uid else None
        if known and known.content_hash != facts["content_hash"]:
            return self.answer("uid_conflict", image=known)
        return known and self._here_already(known, "same_film")

    def _store(self, file, decoded):
        """Files first, then every row in one transaction: nobody sees half a film."""
        key = uuid.uuid4()
        original = keeping.name("originals", key=key)
        viewing = keeping.name("renditions", ".view.png", key)
        model_input = keeping.name("renditions", ".model.png", key)
        files = {original: file, viewing: decoded.viewing, model_input: io.BytesIO(decoded.model_input)}
        try:
            with keeping.kept(files), transaction.atomic():
                image = filing.new_image(key, self.sha256, decoded.facts, original, viewing, model_input)
                code = filing.file(image, decoded.facts, self.batch, self.actor, self.address)
                return self._write(code, image=image)
        except filing.Misfit as misfit:
            return self.answer(misfit.code, study=misfit.study)


@contextlib.contextmanager
def _opened(source):
    if isinstance(source, bytes):
        source = io.BytesIO(source)
    if isinstance(source, str | Path):
        with Path(source).open("rb") as file:
            yield file
    else:
        yield source


def _digest(file):
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def clean(text, most=255):
    """Text as PostgreSQL takes it and a page may show it; of a long path the end, where the file's name is."""
    return UNPRINTABLE.sub("\ufffd", text)[-most:]


def _is_left_out(name):
    """Whether the place or the name alone decides: copies of folder settings, and a CD's table of contents."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.name.upper() == "DICOMDIR" or any(part in COMPANION_FOLDERS for part in path.parts[:-1])


def _is_companion(name):
    path = PurePosixPath(name.replace("\\", "/").lower())
    return path.name in COMPANION_NAMES or path.stem in COMPANION_NAMES or path.suffix in COMPANION_ENDS


def _where(error):
    frame = error.__traceback__
    while frame.tb_next:
        frame = frame.tb_next
    return f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}"
