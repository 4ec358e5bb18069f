"""The folder of an export: films/, manifest.csv, README.txt and export.json, by which a later run knows it again.

What leaves is the model rendition, drawn anew without anything but its pixels, and not the viewing rendition. It is the
picture that serving gives to the model, so that a network trained on it meets the same pixels at work; read through
`ml.pixels` again it stays as it is, to the grey level (the stretch of a stretched picture moves nothing). It carries
the window of its DICOM file, which a PNG of the source depth would lose. And it says less of a person: 512 pixels a
side at most.

A film appears whole or not at all, the manifest after the last one; the same export again writes what is missing.
"""

import csv
import io
import json
import re
import shutil
from dataclasses import asdict, astuple, fields
from pathlib import Path

from ml import pixels
from screening.exporting import Row

MARK, MANIFEST, README = "export.json", "manifest.csv", "README.txt"
FORMAT = 1
A_FILM = re.compile(r"[0-9a-f]{20}\.png")
SPARE = 1.1  # of the films' size: blocks of the disk, and the manifest


class Refused(Exception):
    """Nothing was written; the message says what to do."""


class ExportFolder:
    """One export on disk. asked: the wish as JSON takes it; fingerprint: of the key that gives the pseudonyms."""

    def __init__(self, out: Path, asked: dict, fingerprint: str):
        self.out, self.films = out, out / "films"
        self.mark = {"firstread_export": FORMAT, "pixels": pixels.PIXELS_VERSION, "key": fingerprint, "asked": asked}

    def check(self) -> None:
        """Raise Refused for a place that is not empty and not this same export."""
        if not self.out.exists():
            return
        if not self.out.is_dir():
            raise Refused(f"{self.out} is not a folder; give another --out.")
        found = self._found()
        if found is None and any(path.name != f"{MARK}.draft" for path in self.out.iterdir()):
            raise Refused(f"{self.out} holds other files; nothing was written. Give --out a new or an empty folder.")
        for part, words in (("pixels", "by another version"), ("key", "with another key"), ("asked", "of other films")):
            if found and found.get(part) != self.mark[part]:
                raise Refused(f"{self.out} holds an export {words}; nothing was written. Give another --out.")

    def check_space(self, needed: int) -> None:
        """Raise Refused where `needed` bytes have no room."""
        there = next(path for path in (self.out.absolute(), *self.out.absolute().parents) if path.exists())
        free = shutil.disk_usage(there).free
        if free < needed * SPARE:
            mb = 2**20
            raise Refused(f"{needed / mb:.0f} MB are needed and {free / mb:.0f} MB are free at {there}; make room.")

    def has(self, row: Row) -> bool:
        return (self.out / row.path).is_file()

    def open(self) -> None:
        self.out.mkdir(parents=True, exist_ok=True, mode=0o700)  # films of patients: for whoever made it alone
        self._write(MARK, json.dumps(self.mark, indent=1) + "\n")  # first: what is cut off is known again
        self.films.mkdir(exist_ok=True, mode=0o700)

    def add(self, row: Row, rendition: bytes) -> None:
        """Write one film, anew from its pixels. Raises pixels.Unreadable for one that the trainer could not read."""
        self._write(row.path, pixels.model_rendition(pixels.read(rendition)))

    def close(self, rows: list[Row], readme: str) -> None:
        """Name the films that belong to it; of an earlier run, those that no longer do are removed."""
        self._write(README, readme)
        self._write(MANIFEST, _csv(rows))
        mine = {row.path for row in rows}
        for path in self.films.iterdir():
            if path.name.endswith(".draft") or (A_FILM.fullmatch(path.name) and f"films/{path.name}" not in mine):
                path.unlink()

    def _found(self):
        try:
            found = json.loads((self.out / MARK).read_text())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and found.get("firstread_export") == FORMAT else None

    def _write(self, name, content):
        path = self.out / name
        draft = path.with_name(path.name + ".draft")
        draft.write_bytes(content if isinstance(content, bytes) else content.encode())
        draft.replace(path)


def _csv(rows):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(column.name for column in fields(Row))
    writer.writerows(astuple(row) for row in rows)
    return out.getvalue()


def asked(wish, pseudonyms) -> dict:
    """A Wish as export.json keeps it."""
    return asdict(wish) | {
        "sites": sorted(pseudonyms.of("site", site.pk) for site in wish.sites),
        "since": wish.since and wish.since.isoformat(),
        "until": wish.until and wish.until.isoformat(),
        "findings": sorted(wish.findings),
    }
