"""The files of a watched folder, taken through the door and put away.

Killed between storing a file and putting it away, the next run takes the file again: it is a duplicate then, and goes
where it belongs. The log names a file by its inode: its name may hold a patient's.
"""

import contextlib
import logging
import time
from functools import partial
from itertools import groupby, takewhile

from screening import batches, intake
from screening.abreast import abreast
from screening.archive import Archive, BadArchive, batch_of, is_archive, take_entry, turns
from screening.models import Receipt
from screening.watch_folder import Changed

log = logging.getLogger(__name__)

# How long a file that could not be read or moved is left alone.
LATER_S = 60
NOT_TAKEN = (Receipt.Outcome.REJECTED, Receipt.Outcome.CONFLICT)


class Taker:
    """Takes the files of one `watch_folder.Folder`, with a `Patience` shared by its threads."""

    def __init__(self, folder, patience):
        self._folder, self._patience = folder, patience
        # When a file that could not be read or moved is tried again; and the notes of files that only wait to be moved.
        self._later, self._answered = {}, {}

    def ready(self, resting):
        """Those files that are to be tried now."""
        return [each for each in resting if self._later.get(each, 0) <= time.monotonic()]

    def forget_all_but(self, there):
        for kept in (self._later, self._answered):
            for each in kept.keys() - there:
                del kept[each]

    def receipts(self, batch, files):
        """The receipts of files, in their order; None for one that has to wait."""
        for packed, run in groupby(takewhile(lambda _: not self._patience.stopping, files), is_packed):
            if packed:
                for each in run:
                    yield from self._archive(batch, each)
            else:
                yield from abreast(partial(self._film, batch), run)

    def _film(self, batch, found):
        """The receipt of one file, which is put away."""
        if found in self._answered:
            self.put_away(found, self._answered[found])
            return None
        with self.told(found), found.open() as file:
            if receipt := self._patience.tried(lambda: intake.receive(batches.of_now(batch), found.name, file)):
                self.put_away(found, note_on(receipt))
            return receipt

    def refuse(self, batch, found, code, sentence=""):
        """The receipt of a file that is not opened at all, which is put away."""
        receipt = self._refused(batch, found, code, sentence)
        if receipt:
            self.put_away(found, note_on(receipt))
        return receipt

    def _refused(self, batch, found, code, sentence=""):
        about = {"size": found.size, "sentence": sentence}
        return self._patience.tried(lambda: intake.refuse(batches.of_now(batch), found.name, code, **about))

    def _archive(self, batch, found):
        """The receipts of an archive's entries; it is put away among the rejected where one of them was not taken."""
        if found in self._answered:
            self.put_away(found, self._answered[found])
            return
        note = ""
        with self.told(found), found.open() as file:
            for receipt in self._unpacked(batch, found, file):
                if receipt is None:  # stopped on the way
                    break
                note += note_on(receipt)
                yield receipt
            else:
                self.put_away(found, note)

    def _unpacked(self, batch, found, file):
        """The receipts of its entries; None for each that a stop came before."""
        try:
            archive = Archive(file)
        except BadArchive as bad:
            yield self._refused(batch, found, bad.code)
            return
        own = self._patience.tried(partial(batch_of, archive, batch))
        take = partial(self._entry, archive, own, found.name)
        for turn in turns(archive.entries):
            yield from abreast(take, turn)

    def _entry(self, archive, batch, name, entry):
        return self._patience.tried(lambda: take_entry(archive, entry, batches.of_now(batch), name))

    @contextlib.contextmanager
    def told(self, found):
        """A file that cannot be read is told of once and tried again later; one that is gone or changed is not ours."""
        try:
            yield
        except (FileNotFoundError, Changed):
            pass
        except OSError as error:
            self._put_off(found, "read", error)

    def put_away(self, found, note):
        """Move a file that was answered; one that cannot be moved is not taken again, only moved later."""
        try:
            self._folder.put_away(found, note)
        except (FileNotFoundError, Changed):
            self._answered.pop(found, None)
        except OSError as error:
            self._answered[found] = note
            self._put_off(found, "moved", error)

    def _put_off(self, found, what, error):
        if found not in self._later:
            text = "the file with inode %d cannot be %s (%s); it is tried again"
            log.warning(text, found.inode, what, error.strerror)
        self._later[found] = time.monotonic() + LATER_S


def is_packed(found):
    """Whether a found file is a ZIP by its content; False also where it cannot be read."""
    try:
        with found.open() as file:
            return is_archive(file)
    except (OSError, Changed):  # told of when it is tried
        return False


def note_on(receipt):
    """What stands beside a rejected file: the sentence, and the code for whoever asks us; "" for one that was taken."""
    if receipt.outcome not in NOT_TAKEN:
        return ""
    return f"{receipt.name}: {receipt.sentence} ({receipt.reason})\n"
