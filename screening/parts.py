"""Files that come in pieces: what a lost connection has brought stays here, and the rest follows.

Each piece is a file in storage, and the row counts the bytes by compare-and-set: of two that bring the same bytes at
once, one is refused. A file is never whole in memory, and never twice on disk before it is taken.
"""

import bisect
import io
import itertools
import os
from datetime import timedelta

from django.core.files.storage import default_storage
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from screening import archive, intake, keeping, quotas
from screening.models import Part, Receipt
from screening.sent import clean

# What a broken connection may lose, and what one request holds in memory.
STEP_B, PIECE_B = 2**16, 4 * 2**20
# A whole archive takes 256; the rest is for connections that break often.
MAX_PIECES = 4096
UNFINISHED_A_USER = 16
LIVES = timedelta(hours=24)
UNFINISHED = Q(receipt=None, job=None)
TOO_MANY = gettext_noop("%(most)s of your files are on their way in pieces: finish or cancel one of them first.")
RETRY_AFTER_S = 60


class TooLarge(Exception):
    """A file above what a film, or an archive, may hold: `code` is a key of `screening.reasons`."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Elsewhere(Exception):
    """The file is not at the offset that the sender thinks: ask for the offset, and go on from there."""

    sentence = gettext_noop("This file is at another offset: ask for it (HEAD), and go on from there.")


class Gone(Exception):
    """Somebody has given the file up, or cancelled its batch, while it was being taken."""

    sentence = gettext_noop("This file was given up meanwhile: begin again.")


class TooManyPieces(Exception):
    sentence = gettext_noop("This file came in too many small pieces: begin again, and send larger ones.")


def begin(batch, name, size, key=""):
    """A Part for a file of `size` bytes; one begun under the same key ends. Raises TooLarge, quotas.Exceeded."""
    if size > archive.MAX_ARCHIVE_B:
        raise TooLarge("archive_too_large")
    drop(*(batch.parts.filter(UNFINISHED, key=key) if key else ()))
    on_their_way = living().filter(UNFINISHED, batch__uploaded_by=batch.uploaded_by_id)
    if on_their_way.count() >= UNFINISHED_A_USER:
        raise quotas.Exceeded(_(TOO_MANY) % {"most": UNFINISHED_A_USER}, RETRY_AFTER_S)
    return Part.objects.create(batch=batch, name=clean(name), size=size, key=key)


def living():
    """The parts that were touched within their time; the sweep drops the others."""
    return Part.objects.filter(touched_at__gt=Now() - LIVES)


def append(part, offset, stream):
    """Add what `stream` brings at `offset`, until the file is whole or the stream ends or breaks: what came is kept.

    Raises Elsewhere, TooLarge (and then the part is dropped), TooManyPieces, keeping.StorageFull.
    """
    if offset != part.offset:
        raise Elsewhere
    while part.offset < part.size and (piece := _piece(stream, part.size - part.offset)):
        _check_kind(part, piece)
        _add(part, piece)


def _piece(stream, most):
    """Up to a piece of at most `most` bytes; a stream that breaks has ended."""
    piece = bytearray()
    while (wanted := min(STEP_B, PIECE_B - len(piece), most - len(piece))) > 0:
        try:
            step = stream.read(wanted)
        except OSError:  # the connection is gone
            break
        if not step:
            break
        piece += step
    return bytes(piece)


def _check_kind(part, piece):
    """An archive may hold more than a film, and its first bytes say what it is: the rest need not be sent."""
    large = part.size > intake.MAX_FILE_B
    if large and part.offset == 0 and len(piece) >= 4 and piece[:4] not in archive.MAGIC:
        drop(part)
        raise TooLarge("too_large")


def _add(part, piece):
    if len(part.pieces) >= MAX_PIECES:
        raise TooManyPieces
    name = keeping.name("parts")
    keeping.keep(name, io.BytesIO(piece))
    moved = Part.objects.filter(UNFINISHED, pk=part.pk, offset=part.offset).update(
        offset=F("offset") + len(piece),
        pieces=Func(F("pieces"), Value(name), function="array_append"),
        touched_at=Now(),
    )
    if not moved:
        keeping.drop(name)
        raise Elsewhere
    part.offset += len(piece)
    part.pieces.append(name)


def assembled(part):
    """The whole file, to read and seek in: the pieces one after the other, none of them copied."""
    return io.BufferedReader(Joined(part.pieces), STEP_B)


class Joined(io.RawIOBase):
    """Files of the storage, read as one."""

    def __init__(self, names):
        self._names = list(names)
        self._ends = list(itertools.accumulate(default_storage.size(name) for name in self._names))
        self._at, self._open, self._file = 0, None, None

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self._at

    def seek(self, offset, whence=os.SEEK_SET):
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._ends[-1] if self._ends else 0}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer):
        number = bisect.bisect_right(self._ends, self._at)
        if number == len(self._ends):
            return 0
        file = self._piece(number)
        file.seek(self._at - (self._ends[number - 1] if number else 0))
        found = file.read(len(buffer))
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)

    def _piece(self, number):
        if self._open != number:
            self._let_go()
            self._file, self._open = default_storage.open(self._names[number]), number
        return self._file

    def _let_go(self):
        if self._file:
            self._file.close()
        self._file = self._open = None

    def close(self):
        self._let_go()
        super().close()


def finish(part, taken):
    """The file is taken: the part keeps what it became (a Receipt or a Job), and neither its bytes nor its name."""
    pieces = part.pieces
    part.receipt, part.job = (taken, None) if isinstance(taken, Receipt) else (None, taken)
    part.pieces, part.name = [], ""
    # Not by save, which wants the row to be there: it may have been given up meanwhile, and what was taken stays.
    Part.objects.filter(pk=part.pk).update(receipt=part.receipt, job=part.job, pieces=[], name="")
    keeping.drop(*pieces)


def drop_unfinished(batch):
    """Forget what of a batch's files is on its way: nobody takes them any more."""
    drop(*batch.parts.filter(UNFINISHED))


def drop(*parts):
    """Forget parts, and what of them has arrived."""
    for part in parts:
        part.delete()
        keeping.drop(*part.pieces)
