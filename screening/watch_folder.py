"""A watched folder: which of its files have come to rest, and where they go once they were taken.

Looked at again and again instead of waiting for inotify, which says nothing of what other machines write to a network
share. A name is never trusted and never logged: it may hold a patient's.
"""

import contextlib
import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.utils import timezone

from screening import moving

DONE, REJECTED = "done", "rejected"
LOCK = ".firstread.lock"
# What programs call a file that they still write.
UNFINISHED = (".tmp", ".part", ".filepart")
NO_LINK = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Unusable(Exception):
    """The folder cannot be watched: a sentence for whoever started it."""


class Changed(Exception):
    """The file is no longer the one that had come to rest."""


@dataclass(frozen=True)
class Found:
    """A file as it was seen: `name` is its path below the folder; `mark` differs once it was written or replaced."""

    path: Path
    name: str
    mark: tuple

    def open(self):
        """The open file. Raises Changed, and OSError where it is gone or cannot be read."""
        file = os.fdopen(os.open(self.path, os.O_RDONLY | NO_LINK), "rb")
        if _mark(os.fstat(file.fileno())) != self.mark:
            file.close()
            raise Changed
        return file

    @property
    def is_gone(self):
        """Whether no file of its name is seen any more."""
        return not os.path.lexists(self.path)  # the Path's own raises where a share is away

    @property
    def size(self):
        return self.mark[1]

    @property
    def inode(self):
        """What says which file it is without its name."""
        return self.mark[-1]


class Folder:
    """The folder `root`, whose files and sub-folders are at rest once unchanged for `settle_s` seconds.

    That is told by looking twice, on this machine's clock alone: the one of a network share may be another.
    """

    def __init__(self, root, settle_s, clock=time.monotonic):
        self.root, self._settle_s, self._clock = Path(root).resolve(), settle_s, clock
        self._files, self._empty = {}, {}

    @contextlib.contextmanager
    def alone(self):
        """Hold the folder's lock, which goes with the process. Raises Unusable."""
        try:
            self._make_places()
            lock = os.open(self.root / LOCK, os.O_CREAT | os.O_RDWR | NO_LINK, 0o600)
        except OSError as error:
            raise Unusable(f"{self.root} cannot be used: {error.strerror}.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise Unusable(f"Another `manage.py watch` has {self.root}.") from error
        except OSError:
            pass  # a share without locks: a second watcher would find duplicates, and do no harm
        with os.fdopen(lock):
            yield

    def _make_places(self):
        for place in (self.root / DONE, self.root / REJECTED):
            if place.is_symlink():
                raise Unusable(f"{place} is a link: make it a folder.")
            place.mkdir(exist_ok=True)

    def look(self):
        """(files at rest, the oldest first; files still changing; OSErrors met). Raises OSError of the root itself."""
        now, errors = self._clock(), []
        files, empty = self._walk(errors)
        self._files = {each: self._files.get(each, now) for each in files}
        self._empty = {each: self._empty.get(each, now) for each in empty}
        resting = [each for each, since in self._files.items() if now - since >= self._settle_s]
        changing = [each for each, since in self._files.items() if now - since < self._settle_s]
        return sorted(resting, key=lambda each: each.mark), changing, errors

    def _walk(self, errors):
        """([Found], [(path, mark) of sub-folders with nothing in them])."""
        files, empty, left = [], [], [self.root]
        while left:
            folder = left.pop()
            try:
                found, inside, bare = self._look_into(folder)
            except FileNotFoundError:
                if folder == self.root:
                    raise
                continue
            except OSError as error:
                if folder == self.root:
                    raise
                errors.append(error)
                continue
            files += found
            left += inside
            if bare and folder != self.root:
                empty.append(bare)
        return files, empty

    def _look_into(self, folder):
        """([Found], [sub-folders], (path, mark) where it holds nothing at all)."""
        files, folders, entries = [], [], 0
        for entry in os.scandir(folder):
            entries += 1
            if _is_left(entry.name) or (folder == self.root and entry.name in (DONE, REJECTED)):
                continue
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                folders.append(path)
            elif entry.is_file(follow_symlinks=False):  # never a link, a pipe or a device
                with contextlib.suppress(FileNotFoundError):
                    mark = _mark(entry.stat(follow_symlinks=False))
                    files.append(Found(path, path.relative_to(self.root).as_posix(), mark))
        return files, folders, None if entries else (folder, _mark(folder.lstat()))

    def is_alone(self, found):
        """Whether no other file lies beside this one at this moment, also none that is still being written.

        Hidden files are nobody's films. Where the folder cannot be read, nobody knows.
        """
        try:
            with os.scandir(found.path.parent) as beside:
                return not any(
                    entry.is_file(follow_symlinks=False)
                    for entry in beside
                    if entry.name != found.path.name and not entry.name.startswith(".")
                )
        except OSError:
            return False

    def remove_empty(self):
        """Remove sub-folders that were found empty and have come to rest; one that got a file meanwhile stays."""
        now = self._clock()
        for (path, _), since in self._empty.items():
            if now - since >= self._settle_s:
                with contextlib.suppress(OSError):
                    path.rmdir()

    def put_away(self, found, reason=""):
        """Move a file to done/<day>/, or with a `reason` to rejected/<day>/ and the reason beside it.

        Nothing is overwritten: a name that is taken gets a number. Raises Changed, and OSError where it is gone or
        cannot be moved; the file is then where it was.
        """
        if _mark(found.path.lstat()) != found.mark:
            raise Changed
        day = self.root / (REJECTED if reason else DONE) / timezone.localdate().isoformat()
        folder = day / PurePosixPath(found.name).parent
        moving.put(found, folder, reason)


def _is_left(name):
    """Hidden, or still being written: for whoever wrote it to rename."""
    return name.startswith(".") or name.lower().endswith(UNFINISHED)


def _mark(about):
    return about.st_mtime_ns, about.st_size, about.st_dev, about.st_ino
