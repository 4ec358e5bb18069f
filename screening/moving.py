"""Moving a file into another folder so that nothing is ever overwritten or lost on the way."""

import contextlib
import errno
import os
import shutil
from itertools import count
from pathlib import PurePosixPath

LONGEST_NAME_B = 255


def put(found, folder, note_text=""):
    """Move a `watch_folder.Found` into `folder`, with a note of that text beside it; a taken name gets a number.

    Raises OSError where it cannot be moved: the file is then where it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _reserved(folder, found.path.name, bool(note_text)) as (target, note):
        if note_text:
            note.write_text(note_text, encoding="utf-8", errors="replace")
        _move(found, target)


@contextlib.contextmanager
def _reserved(folder, name, with_note):
    """(path, path of the note) of new, empty files that nobody else writes to; removed again after an error."""
    for number in count(1):
        target = folder / _numbered(name, number)
        note = target.with_name(f"{target.name}.txt")
        mine = []
        try:
            for each in (target, note) if with_note else (target,):
                each.touch(exist_ok=False)
                mine.append(each)
        except FileExistsError:
            _remove(mine)
            continue
        try:
            yield target, note
        except BaseException:
            _remove(mine)
            raise
        return


def _remove(paths):
    for each in paths:
        with contextlib.suppress(OSError):
            each.unlink()


def _numbered(name, number):
    """`film.dcm`, `film-2.dcm`, ...: cut so that the name of the note fits beside it."""
    path, mark = PurePosixPath(name), f"-{number}" if number > 1 else ""
    end = path.suffix if len(os.fsencode(path.suffix)) < 20 else ""
    stem = os.fsencode(name.removesuffix(end))
    return os.fsdecode(stem[: LONGEST_NAME_B - len(os.fsencode(f"{mark}{end}.txt"))]) + mark + end


def _move(found, target):
    """Onto the file that was reserved there; across file systems by a copy that is whole before the source goes."""
    try:
        found.path.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with found.open() as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy)
            copy.flush()
            os.fsync(copy.fileno())
        shutil.copystat(found.path, target, follow_symlinks=False)
        found.path.unlink()
