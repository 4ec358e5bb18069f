"""The manifest: a CSV beside the films that says whose they are. Read before them; each then looks for its row.

A bad row is told by number and column, and its film is not taken; the other rows count, and a film without a row is
taken by what it says itself.
"""

import posixpath
import unicodedata
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from screening import permissions, said_elsewhere
from screening.manifest_table import MAX_B, Fault, Unreadable, checked, table
from screening.models import Batch, ManifestRow, Site

__all__ = ["MAX_B", "NAME", "Fault", "Manifest", "Unreadable", "is_manifest", "read", "row_for", "sibling"]

# In any case of letters, in any folder.
NAME = "manifest.csv"
LONGEST = 255
# A list a folder is well; lists without end are somebody's mistake, or worse.
MAX_ROWS_A_BATCH = 100_000
TOO_MANY = said_elsewhere.MANY_ROWS_IN_ALL % {"most": f"{MAX_ROWS_A_BATCH:,}"}
SAYS = ("site_id", "patient_id", "patient_name", "accession", "priority", "view", "age_years")


@dataclass(frozen=True)
class Manifest:
    """rows: how many count. errors: a Fault a wrong cell, in the order of the rows."""

    rows: int
    errors: list


def is_manifest(name):
    """Whether a file of that path is meant as one."""
    return _path(name).rpartition("/")[2].lower() == NAME


@transaction.atomic
def read(batch, data, source=NAME):
    """Keep the rows of a manifest (bytes) that was sent as `source`; those of an earlier one of that path go.

    Raises Unreadable where it is no such table at all; then nothing is changed.
    """
    found, faults = table(data)
    sites = {site.code.casefold(): site for site in _sites(batch)}
    rows = [_row(batch, source[-LONGEST:], number, cells, sites, faults) for number, cells in found]
    _tell_twice_named(rows, faults)
    _note_errors(rows, faults)
    # Two that are read at once come one after the other; receipts of the batch, which only refer to it, go on.
    Batch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    batch.manifest.filter(source=source[-LONGEST:]).delete()
    if batch.manifest.count() + len(rows) > MAX_ROWS_A_BATCH:
        raise Unreadable(TOO_MANY)
    ManifestRow.objects.bulk_create(rows, batch_size=1000)
    return Manifest(sum(not row.error for row in rows), sorted(faults, key=lambda fault: fault.row))


def _sites(batch):
    """Where the sender may send to; the command line, which has no sender, to everywhere."""
    if batch.uploaded_by:
        return permissions.sites_of(batch.uploaded_by)
    everywhere = batch.source == Batch.Source.COMMAND
    return Site.objects.all() if everywhere else Site.objects.filter(pk=batch.site_id)


def _row(batch, source, number, cells, sites, faults):
    """A ManifestRow of what could be read; what could not is told in `faults`."""
    said, wrong = checked(number, cells)
    faults += wrong
    name, code = _path(said.pop("file", ""))[-LONGEST:], said.pop("site", "")
    site = sites.get(code.casefold(), batch.site) if code else batch.site
    if code and code.casefold() not in sites:
        faults.append(Fault(number, "site", gettext_noop("There is no such site that you may send to.")))
    row = ManifestRow(batch=batch, source=source, row=number, name=name, folded=_folded(name), last=_last(name), **said)
    row.site = site if site != batch.site else None
    return row


def _tell_twice_named(rows, faults):
    """A film in two rows that say different things has neither; said twice alike it is said."""
    first = {}
    for row in rows:
        other = first.setdefault(_folded(row.name), row) if row.name else row
        if other is not row and _says(row) != _says(other):
            for one, two in ((row, other), (other, row)):
                faults.append(Fault(one.row, "file", said_elsewhere.TWICE_NAMED % {"row": two.row}))


def _note_errors(rows, faults):
    sentences = {}
    for fault in faults:
        sentences.setdefault(fault.row, {})[fault.sentence] = True
    for row in rows:
        row.error = " ".join(sentences.get(row.row, ()))[:LONGEST]


def row_for(batch, name):
    """The ManifestRow of the film that was sent into `batch` under the path `name`, or None.

    By its path as the manifest says it, or from the manifest's folder on; else where one of the two paths is the end
    of the other. The row is that of the first film that it fits: for another one the row that is returned carries an
    `error`, as it does where several rows fit and say different things.
    """
    path = _path(name)[-LONGEST:]
    if not ManifestRow.objects.filter(batch=batch, last=_last(path)).exists():  # most batches have none at all
        return None
    fits = _exact(batch, path) or _by_their_ends(batch, path)
    if not fits:
        return None
    row = max(fits, key=lambda each: bool(each.error))
    if any(_says(each) != _says(row) for each in fits):
        row.error = gettext_noop(
            "Several rows name a file like this one, and say different things: write the paths into the manifest."
        )
    elif not ManifestRow.objects.filter(Q(matched="") | Q(matched=path), pk=row.pk).update(matched=path):
        row.error = gettext_noop(
            "This row names more than one of the files that were sent: write their paths into the manifest."
        )
    return row


def _exact(batch, path):
    """The rows that name this path, which counts from the top or from the folder of their manifest."""
    rows = _rows(batch, folded__in=_ends(path))
    return [row for row in rows if _folded(path) in (row.folded, _folded(posixpath.join(_folder(row), row.name)))]


def _by_their_ends(batch, path):
    """The rows of which the path is the end of this one, the longest; else two at most of which this is the end.

    A list in a folder says nothing of the films of another folder, but by their whole paths.
    """
    ends = [row for row in _rows(batch, folded__in=_ends(path)) if _folded(path).startswith(_folded(_folder(row)))]
    longest = max((len(row.folded) for row in ends), default=0)
    fits = [row for row in ends if len(row.folded) == longest]
    return fits or list(_rows(batch, last=_last(path), folded__endswith=f"/{_folded(path)}")[:2])


def _rows(batch, **fit):
    return ManifestRow.objects.filter(batch=batch, **fit).exclude(name="").select_related("site")


def _says(row):
    return [getattr(row, name) for name in SAYS]


def _ends(path):
    """`a/b/c`, `b/c` and `c`, as rows keep theirs."""
    parts = path.split("/")
    return [_folded("/".join(parts[at:])) for at in range(len(parts))]


def sibling(batch, site):
    """The batch of the films that the manifest of `batch` sends to another site; begun when the first one comes."""
    about = ("uploaded_by", "source", "name", "priority", "age_group")
    # Of this moment: a dry run may have been confirmed since its batch was read.
    state = Batch.objects.filter(pk=batch.pk).values_list("state", flat=True)
    alike = {name: getattr(batch, name) for name in about} | {"state": state.get}
    return Batch.objects.get_or_create(parent=batch, site=site, defaults=alike)[0]


def _path(name):
    """A path as senders of all kinds may mean it: one slash, none in front."""
    return name.replace("\\", "/").removeprefix("./").lstrip("/")


def _folder(row):
    """The folder of a row's manifest with a slash behind it; "" at the top."""
    folder = posixpath.dirname(_path(row.source))
    return f"{folder}/" if folder else ""


def _last(path):
    return _folded(path.rpartition("/")[2])


def _folded(path):
    """Without the difference of upper and lower case, and of how systems write an accent."""
    return unicodedata.normalize("NFC", path).casefold()[-LONGEST:]
