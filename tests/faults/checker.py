"""The invariants I1 to I9 over the ledger and the storage that Django is led to: nothing lost, nothing doubled."""

import hashlib
import re
import time
from pathlib import Path

from django.core.files.storage import default_storage
from django.db import connection

from screening.models import Image, Job, Part, Receipt

SQL = Path(__file__).with_name("invariants.sql")
# A lease, a sweep that sees it, a sweep that rings, and the start of a worker: in the profile of these tests.
BOUND_S = 20
ORPHAN_S = 3600


def queries():
    """{name: SQL} of the invariants that the ledger alone can tell."""
    found = re.split(r"^-- name: (.+)$", SQL.read_text(), flags=re.MULTILINE)
    return dict(zip(found[1::2], (each.strip() for each in found[2::2]), strict=True))


def broken(acknowledged=(), bound_s=BOUND_S, orphan_s=ORPHAN_S):
    """{invariant: rows that break it}, empty where all hold.

    `acknowledged`: the SHA-256 (hex) of the films that a client was told are kept. `bound_s`: work older than this
    must have ended. `orphan_s`: a file of no row is allowed to be that old; a portal may just be about to write it.
    """
    asked = {"acknowledged": list(acknowledged), "bound_s": bound_s}
    found = {name: _rows(sql, asked) for name, sql in queries().items()}
    found["I5 the file of a row is there, as it was sent"] = _missing_files()
    found["I9 a stored file belongs to a row"] = _files_of_nobody(orphan_s)
    return {name: rows for name, rows in found.items() if rows}


def check(**bounds):
    """Fail with the rows that break an invariant; the arguments are those of `broken`."""
    found = broken(**bounds)
    assert not found, "\n".join(f"{name}: {len(rows)} rows, such as {rows[:5]}" for name, rows in found.items())


def _rows(sql, asked):
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _missing_files():
    wrong = []
    for image in Image.objects.only("sha256", "original_sha256", "original", "viewing", "model_input"):
        files = [each.name for each in (image.original, image.viewing, image.model_input) if each]
        missing = [name for name in files if not default_storage.exists(name)]
        if missing or _sha256(image.original.name) != (image.original_sha256 or image.sha256):
            wrong.append({"image": image.pk, "missing": missing or "another SHA-256"})
    jobs = Job.objects.filter(state__in=Job.UNSETTLED).exclude(file="")
    wrong += [{"job": job.pk, "missing": job.file.name} for job in jobs if not default_storage.exists(job.file.name)]
    held = Receipt.objects.exclude(held="").only("held")
    wrong += [
        {"receipt": row.pk, "missing": row.held.name} for row in held if not default_storage.exists(row.held.name)
    ]
    pieces = [piece for row in Part.objects.filter(receipt=None, job=None) for piece in row.pieces]
    return wrong + [{"piece": name} for name in pieces if not default_storage.exists(name)]


def _sha256(name):
    with default_storage.open(name, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files_of_nobody(orphan_s):
    root = Path(default_storage.path(""))
    named = {name for row in Image.objects.values_list("original", "viewing", "model_input") for name in row}
    named |= set(Job.objects.values_list("file", flat=True)) | set(Receipt.objects.values_list("held", flat=True))
    named |= {piece for pieces in Part.objects.values_list("pieces", flat=True) for piece in pieces}
    now, found = time.time(), []
    for path in root.rglob("*"):
        name = str(path.relative_to(root))
        old = path.is_file() and now - path.stat().st_mtime >= orphan_s
        if old and name not in named and not name.startswith("models/"):
            found.append({"file": name})
    return found
