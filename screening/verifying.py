"""What ledger and storage say of each other: rows whose file is away or another, and files that no row speaks of.

After a restore to an earlier moment both are to be expected. Names in storage are generated: nothing here is a
patient's. Models are left out: a worker checks them whenever it loads one, and says what is wrong.
"""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from django.core.files.storage import default_storage
from django.db.models import Q
from django.utils import timezone

from screening import keeping
from screening.models import Image, Job, Part, Receipt

PAGE = 500
# Models, and the notes of what is just being kept.
LEFT_OUT = ("models", keeping.NOTES)
NAMED_BY = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Difference:
    """`kind`: missing, changed or stray. `row`: what speaks of the file, as "image <id>"; empty of a stray one."""

    kind: str
    name: str
    row: str = ""


def differences(read: bool = False, age: timedelta = timedelta(hours=1)) -> Iterator[Difference]:
    """Every Difference, one at a time. `read`: also read each original, and compare its SHA-256 with its row's.

    A file younger than `age` is no stray: whoever takes it in may just be about to write its row.
    """
    for row in _rows():
        yield from _of_row(row, read)
    files = _files("", age)
    for page in iter(lambda: list(islice(files, PAGE)), []):
        yield from (Difference("stray", name) for name in sorted(set(page) - spoken_of(page)))


def _rows():
    yield from Image.objects.only("original", "viewing", "model_input", "sha256", "original_sha256").iterator(PAGE)
    yield from Job.objects.exclude(file="").only("kind", "file").iterator(PAGE)
    yield from Receipt.objects.exclude(held="").only("held").iterator(PAGE)
    yield from Part.objects.filter(receipt=None, job=None).only("pieces").iterator(PAGE)


def _names(row):
    if isinstance(row, Image):
        return [each.name for each in (row.original, row.viewing, row.model_input) if each]
    if isinstance(row, Part):
        return row.pieces
    return [row.file.name if isinstance(row, Job) else row.held.name]


def _of_row(row, read):
    about = f"{row._meta.model_name} {row.pk}"
    missing = [name for name in _names(row) if not default_storage.exists(name)]
    if missing:
        # Work goes on meanwhile: what a row no longer speaks of may be gone.
        now = type(row).objects.filter(pk=row.pk).first()
        still = _names(now) if now else []
        yield from (Difference("missing", name, about) for name in missing if name in still)
    elif read and isinstance(row, Image) and _digest(row.original.name) != (row.original_sha256 or row.sha256):
        yield Difference("changed", row.original.name, about)


def _digest(name):
    with default_storage.open(name, "rb") as file:
        return keeping.digest(file)


def _files(folder, age):
    """The names in a folder of the storage, and in those below it, that are older than `age`."""
    folders, files = default_storage.listdir(folder)
    below = f"{folder}/" if folder else ""
    for each in sorted(folders):
        if below or each not in LEFT_OUT:
            yield from _files(f"{below}{each}", age)
    for each in sorted(files):
        if age <= timedelta(0) or timezone.now() - default_storage.get_modified_time(below + each) > age:
            yield below + each


def spoken_of(names):
    """Those of which a row speaks. Nearly all are named by their row's id, which has an index."""
    ids = [uuid.UUID(found[-1]) for name in names if (found := NAMED_BY.findall(name))]
    known = {name for row in Image.objects.filter(pk__in=ids) for name in _names(row)}
    left = set(names) - known
    if left:
        images = Image.objects.filter(Q(original__in=left) | Q(viewing__in=left) | Q(model_input__in=left))
        for rows in (images, Job.objects.filter(file__in=left), Receipt.objects.filter(held__in=left)):
            known |= {name for row in rows for name in _names(row)}
        known |= {name for row in Part.objects.filter(pieces__overlap=list(left)) for name in row.pieces}
    return known
