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
from pathlib import PurePosixPath

from django.db import IntegrityError, transaction

from screening import intake, keeping
from screening.companions import TEXTS, is_left_out
from screening.intake import MAX_FILE_B
from screening.manifest import is_manifest
from screening.models import Batch, Job
from screening.sent import clean, kept_name

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
# Of a ZIP64 the end record says less than the one that its locator points at (APPNOTE 4.3.14, 4.3.15).
LOCATOR, END_64 = struct.Struct("<4sLQL"), struct.Struct("<4sQ2H2L4Q")
MORE, MORE_16, MORE_32 = b"PK\6\7", 0xFFFF, 0xFFFFFFFF
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

    @property
    def is_manifest(self):
        return is_manifest(self.name)


class Archive:
    """An open archive that was looked at whole: `entries` with its manifests first, else in its own order.

    Each entry has the number of its place in the archive, whatever comes first. Raises BadArchive.
    """

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
        entries = [
            Entry(number, info.filename, info.file_size, _fault(info), info) for number, info in enumerate(infos, 1)
        ]
        self.entries = sorted(entries, key=lambda entry: not entry.is_manifest)
        if all(entry.code == "directory" or _is_beside(entry.name) for entry in self.entries):
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


def spool(batch, name, file, key=""):
    """Keep a sent archive and queue its Job, before its sender is answered; under its key it is queued once.

    Raises StorageFull, BadArchive, and intake.KeyReused where another file came under the key.
    """
    if file.seek(0, os.SEEK_END) > MAX_ARCHIVE_B:
        raise BadArchive("archive_too_large")
    sha256 = keeping.digest(file) if key else ""
    if before := _under_key(batch, key, sha256):
        return before
    kept_as = keeping.name("archives")
    shown = kept_name(batch.site, clean(name), sha256)
    about = {"kind": Job.Kind.ARCHIVE, "name": shown, "priority": batch.priority, "key": key, "sha256": sha256}
    try:
        with keeping.kept({kept_as: file}), transaction.atomic():
            return Job.objects.create(batch=batch, file=kept_as, **about)
    except IntegrityError:
        if before := _under_key(batch, key, sha256):
            return before
        raise


def _under_key(batch, key, sha256):
    before = Job.objects.filter(batch=batch, key=key).first() if key else None
    if before and before.sha256 != sha256:
        raise intake.KeyReused
    return before


def forget(jobs):
    """Drop the bytes of archives (a queryset of Jobs that have ended): tried again, one says that it is gone."""
    for job in jobs.filter(kind=Job.Kind.ARCHIVE).exclude(file=""):
        keeping.drop(job.file.name)
        Job.objects.filter(pk=job.pk).update(file="")


def turns(entries):
    """Entries as they are taken: each manifest by itself, then all others, which may be taken side by side.

    What a manifest says of the films must be known before the first of them is begun.
    """
    films = [entry for entry in entries if not entry.is_manifest]
    return [*([entry] for entry in entries if entry.is_manifest), *([films] if films else [])]


def batch_of(archive, batch):
    """The batch for the entries of an archive that came among other files of `batch`.

    One that holds a manifest gets a batch of its own: its rows say nothing of films outside of it.
    """
    if not any(entry.is_manifest for entry in archive.entries):
        return batch
    # Never the name of `batch`: a watched folder finds the batch of the hour by it.
    name = f"{batch.name}, archive".removeprefix(", ")
    about = ("site_id", "uploaded_by_id", "source", "state", "priority", "age_group")
    return Batch.objects.create(name=name, **{each: getattr(batch, each) for each in about})


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


def _is_beside(name):
    """Whether a name is that of what lies beside films: its content may still be one, where it is not text."""
    return is_left_out(name) or PurePosixPath(name.lower()).suffix in TEXTS


def _fault(info):
    """Why an entry is not unpacked at all, or ""."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.filename.endswith("/"):  # `is_dir` fails on a name of nothing
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
    ends = tail_from + at
    if count == MORE_16 or MORE_32 in (length, start):
        count, length, start, ends = _end_64(file, ends)
    if count > MAX_ENTRIES:
        raise BadArchive("too_many_entries")
    if length > MAX_DIRECTORY_B or start + length != ends:
        raise BadArchive


def _end_64(file, end):
    """(entries, bytes of the directory, where it starts, where it ends) of a ZIP64 whose end record is at `end`."""
    file.seek(max(0, end - LOCATOR.size - END_64.size))
    found = file.read(END_64.size + LOCATOR.size)
    if len(found) < END_64.size + LOCATOR.size:
        raise BadArchive
    magic, _, at, disks = LOCATOR.unpack_from(found, END_64.size)
    record, _, _, _, disk, first_disk, here, count, length, start = END_64.unpack_from(found)
    honest = magic == MORE and record == b"PK\6\6" and at == end - LOCATOR.size - END_64.size
    if not honest or disks > 1 or disk or first_disk or here != count:
        raise BadArchive
    return count, length, start, at


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
