"""ZIPs, safely: what an archive holds is looked at whole before anything of it is unpacked, and unpacked by counting.

Python's zipfile reads the directory and inflates; what it does not notice is checked here: files that overlap (one
body under many names), sizes that lie, links, bombs, archives in archives, bytes around the archive. Names are shown
and never used. Nothing is written to disk under a name of the archive's.
"""

import contextlib
import os
import stat
import struct
import tempfile
import zipfile
import zlib
from dataclasses import dataclass

from screening import intake, keeping
from screening.intake import MAX_FILE_B
from screening.models import Job

MAX_ARCHIVE_B = 2**30
MAX_INFLATED_B = 4 * 2**30
MAX_ENTRIES = 10_000
# No film shrinks to a hundredth of itself; below 1 MB it does no harm.
MAX_RATIO, RATIO_FROM_B = 100, 2**20
MAX_DIRECTORY_B = 16 * 2**20
MAGIC = (b"PK\3\4", b"PK\5\6")
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 0x1
IN_MEMORY, CHUNK = 8 * 2**20, 2**18
END = struct.Struct("<4s4H2LH")
LOCAL_HEADER = struct.Struct("<26x2H")
LOCAL_B = 30
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, struct.error)


class BadArchive(Exception):
    """The archive as a whole is not taken: `code` is a key of `screening.reasons`."""

    def __init__(self, code="bad_archive"):
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Entry:
    """One entry: its number in the archive (from 1), its name, its size in bytes, and why it is not taken, or ""."""

    index: int
    name: str
    size: int
    code: str
    info: zipfile.ZipInfo


class Archive:
    """An open archive that was looked at whole: `entries` in its own order. Raises BadArchive."""

    def __init__(self, file):
        _check_end(file)
        try:
            self._zip = zipfile.ZipFile(file)
            infos = self._zip.infolist()
            _check_overlap(file, infos, self._zip.start_dir)
        except DAMAGED as error:
            raise BadArchive from error
        if len(infos) > MAX_ENTRIES:
            raise BadArchive("too_many_entries")
        if sum(info.file_size for info in infos) > MAX_INFLATED_B:
            raise BadArchive("archive_too_large")
        self.entries = [
            Entry(number, info.filename, info.file_size, _fault(info), info) for number, info in enumerate(infos, 1)
        ]
        if all(entry.code == "directory" for entry in self.entries):
            raise BadArchive("nothing_to_process")

    @contextlib.contextmanager
    def unpacked(self, entry):
        """(file, "") with the entry's bytes, or (None, code) where they do not come out as declared."""
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
            code = self._inflate(entry, file)
            yield (None, code) if code else (file, "")

    def _inflate(self, entry, out):
        try:
            with self._zip.open(entry.info) as packed:
                while chunk := packed.read(CHUNK):
                    out.write(chunk)
                    # zipfile stops at the declared size, which `_fault` has bounded; this does not rely on it.
                    if out.tell() > entry.size:
                        return "bad_entry"
        except DAMAGED:
            return "bad_entry"
        if out.tell() != entry.size:
            return "bad_entry"
        return "nested_archive" if is_archive(out) else ""


def spool(batch, name, file):
    """Keep a sent archive and queue its Job, before its sender is answered. Raises StorageFull and BadArchive."""
    if file.seek(0, os.SEEK_END) > MAX_ARCHIVE_B:
        raise BadArchive("archive_too_large")
    kept_as = keeping.name("archives")
    with keeping.kept({kept_as: file}):
        return Job.objects.create(
            kind=Job.Kind.ARCHIVE, batch=batch, file=kept_as, name=intake.clean(name), priority=batch.priority
        )


def take_entry(archive, entry, batch, name, *, job=None):
    """The receipt of one entry of the archive that was sent as `name`, for whoever sent the batch."""
    name = f"{name}/{entry.name}"
    if entry.code:
        return intake.refuse(batch, name, entry.code, job=job, entry=job and entry.index, size=entry.size)
    with keeping.saying_full(), archive.unpacked(entry) as (file, code):
        if code:
            return intake.refuse(batch, name, code, job=job, entry=job and entry.index, size=entry.size)
        return intake.receive(batch, name, file, actor=batch.uploaded_by, job=job, entry=job and entry.index)


def is_archive(file):
    """Whether the content is a ZIP's; of a seekable binary file, left at its start."""
    file.seek(0)
    found = file.read(4) in MAGIC
    file.seek(0)
    return found


def _fault(info):
    """Why an entry is not unpacked at all, or ""."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.is_dir():
        return "directory"
    if kind and kind not in (stat.S_IFREG, stat.S_IFDIR):
        return "special_file"
    if info.flag_bits & ENCRYPTED:
        return "encrypted"
    if info.compress_type not in METHODS:
        return "unsupported_method"
    if info.file_size > MAX_FILE_B:
        return "too_large"
    if info.file_size > RATIO_FROM_B and info.file_size > MAX_RATIO * max(info.compress_size, 1):
        return "suspicious_ratio"
    return ""


def _check_end(file):
    """The end record must close the file, and count what zipfile may list: 50,000 entries would take 70 MB."""
    size = file.seek(0, os.SEEK_END)
    if size > MAX_ARCHIVE_B:
        raise BadArchive("archive_too_large")
    if not is_archive(file):
        raise BadArchive
    tail_from = max(0, size - END.size - 0xFFFF)
    file.seek(tail_from)
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < END.size:
        raise BadArchive
    _, disk, first_disk, here, count, length, start, comment = END.unpack_from(tail, at)
    if disk or first_disk or here != count or at + END.size + comment != len(tail):
        raise BadArchive
    if count > MAX_ENTRIES:  # a ZIP64 says 65,535 here: it is larger than what is taken, too
        raise BadArchive("too_many_entries")
    if length > MAX_DIRECTORY_B or start + length != tail_from + at:
        raise BadArchive


def _check_overlap(file, infos, directory_at):
    """Each file must end before the next begins; the bodies of a bomb lie on top of one another."""
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise BadArchive("overlapping_entries")
        file.seek(info.header_offset)
        name, extra = LOCAL_HEADER.unpack(file.read(LOCAL_B))
        end = info.header_offset + LOCAL_B + name + extra + info.compress_size
    if end > directory_at:
        raise BadArchive("overlapping_entries")
