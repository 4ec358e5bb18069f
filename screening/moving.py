"""Moving a file into another folder so that nothing is ever overwritten or lost on the way."""

import contextlib
import errno
import os
import shutil
from itertools import count
from pathlib import PurePosixPath

LONGEST_NAME_B = 255
# What a name gets at most beside a number: `film.txt` for its note, `.film.moving` while it is moved.
_ADDED_B = len("..moving")


def put(found, folder, note_text=""):
    """Move a `watch_folder.Found` into `folder`, with a note of that text beside it; a taken name gets a number.

    Raises OSError where it cannot be moved: the file is then where it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _reserved(folder, found.path.name) as (target, sign):
        if not note_text:
            return _move(found, target, sign)
        note = _note_of(target)
        try:
            note.write_text(note_text, encoding="utf-8", errors="replace")
            _move(found, target, sign)
        except BaseException:
            note.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def _reserved(folder, name):
    """(a path at which, and beside which, nothing lies; the hidden file that says that it is taken).

    Who is killed leaves that hidden one behind, never an empty film or half of one under a film's name, and the film
    gets the next number later.
    """
    for number in count(1):
        target = folder / _numbered(name, number)
        sign = target.with_name(f".{target.name}.moving")
        try:
            sign.touch(exist_ok=False)
        except FileExistsError:
            continue
        try:
            if not (os.path.lexists(target) or os.path.lexists(_note_of(target))):
                yield target, sign
                return
        finally:
            sign.unlink(missing_ok=True)


def _note_of(target):
    return target.with_name(f"{target.name}.txt")


def _numbered(name, number):
    """`film.dcm`, `film-2.dcm`, ...: cut so that what is added to it fits too."""
    path, mark = PurePosixPath(name), f"-{number}" if number > 1 else ""
    end = path.suffix if len(os.fsencode(path.suffix)) < 20 else ""
    stem = os.fsencode(name.removesuffix(end))
    return os.fsdecode(stem[: LONGEST_NAME_B - len(os.fsencode(f"{mark}{end}")) - _ADDED_B]) + mark + end


def _move(found, target, sign):
    """Onto the path that was reserved; across file systems by a copy that is whole before it gets that name."""
    try:
        found.path.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with found.open() as source, sign.open("wb") as copy:
            shutil.copyfileobj(source, copy)
            copy.flush()
            os.fsync(copy.fileno())
        shutil.copystat(found.path, sign, follow_symlinks=False)
        sign.replace(target)
        found.path.unlink()
