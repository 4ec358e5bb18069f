"""Files in storage, under generated names, on the disk before the row that speaks of them."""

import contextlib
import errno
import hashlib
import logging
import os
import shutil
import uuid
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext_noop

log = logging.getLogger(__name__)

CHUNK = 2**20
# The folder of the notes of what is being kept: which files have no row yet.
NOTES = "arriving"
# What is said of work that waits for the storage, and to who sends a film meanwhile.
AWAY = gettext_noop("The storage cannot be reached just now. Tell an administrator.")
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class StorageFull(Exception):
    """No space is left for this file: nothing of it was kept, and it may be sent again when there is space."""

    sentence = gettext_noop(
        "The storage is full: nothing of this file was kept. Tell an administrator, and send it again later."
    )


def name(folder, suffix="", key=None):
    """A generated name: `folder/ab/<uuid><suffix>`; nothing of the sender's name reaches the disk."""
    key = key or uuid.uuid4()
    return f"{folder}/{key.hex[:2]}/{key}{suffix}"


def digest(file):
    """SHA-256 (hex) of a seekable binary file."""
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


class StorageAway(OSError):
    """The storage fails, and no file is at fault: it is tried again once somebody has seen to it."""

    sentence = AWAY


@contextlib.contextmanager
def kept(files):
    """Keep {name: binary file}; where the block raises, none of them stays. Raises StorageFull, StorageAway.

    Where the connection to the database breaks they stay: the rows may have been committed, and a file without a row
    is harmless where a row without its file is a lost film. So they do where this process is killed. Then a note of
    them stays as well, for the sweep to look into (`spool.expire`).
    """
    _demand_space()
    note = _note(files)
    try:
        for each, file in files.items():
            keep(each, file)
        yield
    except (OperationalError, InterfaceError):
        raise
    except BaseException:
        drop(*files, note)
        raise
    drop(note)


def _note(names):
    note = f"{NOTES}/{uuid.uuid4()}"
    try:
        with _writing():
            return default_storage.save(note, ContentFile("\n".join(names).encode()))
    except BaseException:
        drop(note)
        raise


def noted(note):
    """The names of the files that a note speaks of: none where it was cut off before the first."""
    with default_storage.open(note) as file:
        return file.read().decode().split()


def keep(name, file):
    """Write one file under exactly this name, down to the disk.

    Raises StorageFull, StorageAway, and then nothing of it stays.
    """
    _demand_space()
    try:
        file.seek(0)
        with _writing():
            to_sync = _to_sync(name)
            # Wrapped always: of an upload's own temporary file Django would move the original away.
            default_storage.save(name, File(file))
            _sync(to_sync)
    except BaseException:
        drop(name)
        raise


def _demand_space():
    """Raises StorageFull below the floor: a disk that is quite full takes the database down with it."""
    if not settings.DISK_FLOOR_B:
        return
    with contextlib.suppress(NotImplementedError, FileNotFoundError):  # a storage elsewhere; one not yet begun
        if shutil.disk_usage(default_storage.path("")).free < settings.DISK_FLOOR_B:
            raise StorageFull


@contextlib.contextmanager
def saying_full():
    """An error that means "no space" becomes StorageFull."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise StorageFull from error
        raise


@contextlib.contextmanager
def _writing():
    """What keeps a file from being written becomes StorageFull or StorageAway."""
    try:
        with saying_full():
            yield
    except OSError as error:
        raise away(error) from None


def away(error):
    """The StorageAway of an OSError, which is logged: but for its path, and that of an upload may hold a name."""
    log.error("the storage fails: %s, %s", type(error).__name__, error.strerror)
    return StorageAway(error.errno, error.strerror)


def is_away(name, error):
    """Whether what was raised while this file was read says something of the storage, and not of the one file.

    A file may be missing, or damaged: then Pillow raises an OSError without a number, or something else.
    """
    if isinstance(error, FileNotFoundError):
        return not answers(name)
    return isinstance(error, OSError) and error.errno is not None


def _to_sync(name):
    """What has to reach the disk with a file: itself, the folder that names it, and those that name a new folder.

    A row must not outlive its file in a power cut. A storage without paths (S3, say) has answered for itself: [].
    """
    try:
        path = Path(default_storage.path(name))
    except NotImplementedError:
        return []
    return [path, path.parent, *(each.parent for each in path.parents if not each.exists())]


def _sync(paths):
    for each in paths:
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def answers(name):
    """Whether the storage is there: a file that it does not find may lie on a disk that is not mounted just now.

    It is known by the topmost folder of the file. A storage without paths (S3, say) that finds no file has answered.
    """
    try:
        return Path(default_storage.path(name.partition("/")[0])).is_dir()
    except NotImplementedError:
        return True
    except OSError:
        return False


def drop(*names):
    """Delete files, as far as they are there."""
    for each in names:
        with contextlib.suppress(OSError):
            default_storage.delete(each)
