"""The manifests of a watched folder: each holds for the films beside it, and is put away with the last of them.

Of a list that outlives its films, another film that is laid under one of their names would get their patient. So each
name has one film for as long as the list lies there, and a list of an earlier run is put away where it lies alone.
"""

from dataclasses import dataclass, field
from functools import partial

from django.db.models import Q
from django.utils import timezone

from screening import intake, keeping, manifest
from screening.models import Batch, ManifestRow, Receipt, Site
from screening.sent import clean, kept_name
from workers.watch_taking import is_packed, note_on

NAME = "Watch folder, manifest"
USED_UP = "Films were taken by this manifest before, and no other lies beside it. Lay both here again.\n"
HAD = "The manifest has had a film of this name. If this one is meant too, lay both here again."
TAKEN = (Receipt.Outcome.ACCEPTED, Receipt.Outcome.DUPLICATE)


@dataclass
class InForce:
    """A manifest that was read. `had`: {the name of a film that it was for: SHA-256 of that film, as far as known}."""

    batch: Batch
    note: str = ""
    had: dict = field(default_factory=dict)


class Manifests:
    """Those of one `watch_folder.Folder`; `about` is what all its batches have in common."""

    def __init__(self, folder, taker, patience, about):
        self._folder, self._taker, self._patience, self._about = folder, taker, patience, about
        self._in_force, self._from_before = {}, None

    def look(self, tables):
        """Note which manifests (a set) are there: those of the first look may have been read by an earlier run."""
        self._from_before = tables if self._from_before is None else self._from_before & tables
        self._in_force = {table: held for table, held in self._in_force.items() if table in tables}

    def read(self, table):
        """The InForce of a manifest, which stays the same while it lies there; None where it cannot be read.

        What is no manifest is put away, and the films are taken without it.
        """
        held = self._in_force.get(table)
        if held is None or not _holds(held.batch):
            with self._taker.told(table), table.open() as file:
                had = held.had if held else self._had_before(table, file)
                held = self._in_force[table] = self._anew(table, file, had)
                return held
            return None
        return held

    def _anew(self, table, file, had):
        batch = Batch.objects.create(**self._about, name=f"{NAME} {timezone.localtime():%H:%M}")
        if note := note_on(intake.receive(batch, table.name, file)):
            self._taker.put_away(table, note)
            return InForce(batch, note)
        faults = batch.manifest.exclude(error="").values_list("row", "error")
        return InForce(batch, "".join(f"Row {row}: {error}\n" for row, error in faults), had)

    def apart(self, held, films):
        """(films to take, films under the name of another one); one that cannot be read waits, and is in neither."""
        verdicts = [(film, self._is_another(held, film)) for film in films]
        return [film for film, another in verdicts if another is False], [film for film, another in verdicts if another]

    def _is_another(self, held, film):
        if (known := held.had.get(_key(film.name))) is None:
            return False
        with self._taker.told(film), film.open() as file:
            return keeping.digest(file) not in known and _names(held.batch, film)
        return None

    def note(self, held, films):
        """Of these films, those that are gone from the folder have had their rows."""
        for film in films:
            if film.is_gone:
                held.had.setdefault(_key(film.name), set())

    def put_away(self, resting):
        """Put away each manifest (of a list) whose films are gone; one that nobody has used yet waits for its films."""
        for table in filter(self._folder.is_alone, resting):
            if held := self._in_force.get(table):
                self._taker.put_away(table, held.note)
            elif table in self._from_before:
                self._patience.tried(partial(self._put_away_used, table))

    def _put_away_used(self, table):
        with self._taker.told(table), table.open() as file:
            if self._had_before(table, file):
                self._taker.put_away(table, USED_UP)
            self._from_before = self._from_before - {table}

    def _had_before(self, table, file):
        """What earlier runs have taken by a manifest that was here at the start, as `InForce.had`."""
        if table not in self._from_before:
            return {}
        site = Site.objects.get(pk=self._about["site_id"])
        batches = _earlier(site, table.name, keeping.digest(file))
        receipts = Receipt.objects.filter(Q(batch__in=batches) | Q(batch__parent__in=batches), outcome__in=TAKEN)
        had = {}
        for name, sha256 in receipts.values_list("name", "sha256"):
            had.setdefault(_key(name), set()).add(sha256)
        if site.deidentify:  # its receipts keep no names, its rows do, until they go
            films = set().union(*had.values())
            matched = ManifestRow.objects.filter(batch__in=batches).exclude(matched="")
            had |= {_key(name): films for name in matched.values_list("matched", flat=True)}
        return had


def _holds(batch):
    """Whether a manifest's rows are still there, and more films may come into its batch."""
    return Batch.objects.filter(pk=batch.pk, state=Batch.State.OPEN, manifest__isnull=False).exists()


def _names(batch, film):
    """Whether the manifest says something of a file; what it says of those in a ZIP, nobody knows from outside."""
    return is_packed(film) or manifest.row_for(batch, film.name) is not None


def _earlier(site, name, sha256):
    """The batches into which a watch has read this very manifest before."""
    said = {"reason": "manifest", "sha256": sha256, "name": kept_name(site, clean(name), sha256)}
    watched = Batch.objects.filter(site=site, source=Batch.Source.WATCH, name__startswith=NAME)
    return list(watched.filter(pk__in=Receipt.objects.filter(batch__in=watched, **said).values("batch")))


def _key(name):
    """A name as `had` knows it: rows make no difference of upper and lower case either."""
    return clean(name).casefold()
