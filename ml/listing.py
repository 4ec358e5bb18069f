"""Which films a folder holds and what each is: by its class folders, or by its manifest.csv."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

CLASSES = ("NORMAL", "PNEUMONIA")  # the label is the index: 1 is what the model looks for
THREE_CLASSES = ("NORMAL", "BACTERIAL", "VIRAL")  # the subtype is the index
SUFFIXES = {".jpeg", ".jpg", ".png", ".dcm", ".dicom", ""}  # DICOM files often have none
# Names of class folders and labels, as `_plain` writes them -> (label, subtype). Lung Opacity is the radiography
# database's (COVID-19 Radiography, Kaggle); it stands where the bacterial films do, as the network's first task had it.
KNOWN = {
    "normal": (0, 0),
    "pneumonia": (1, None),
    "bacterial": (1, 1),
    "bacteria": (1, 1),
    "bacterial pneumonia": (1, 1),
    "lung opacity": (1, 1),
    "viral": (1, 2),
    "virus": (1, 2),
    "viral pneumonia": (1, 2),
}
SUBTYPE_IN_NAME = re.compile(r"(?<![a-z])(bacteria|virus)(?![a-z])", re.IGNORECASE)
NOT_FILMS = "masks"  # the radiography database keeps outlines of the lungs beside its films


class DataError(Exception):
    """The folder cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Listed:
    """One film as the folder names it. label: 0 or 1; subtype: 0 normal, 1 bacterial, 2 viral, None unknown."""

    path: Path
    label: int
    subtype: int | None
    patient: str | None = None  # of the manifest


def films(folder: Path) -> list[Listed]:
    """The films under `folder`, classes in order; raises DataError. Folders of other names: see `passed_by`."""
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder. Give one with {' and '.join(c + '/' for c in CLASSES)} inside.")
    return _from_manifest(folder) if (folder / "manifest.csv").is_file() else _from_folders(folder)


def passed_by(folder: Path) -> str | None:
    """A sentence on the files under `folder`, or the rows of its manifest, that are no films; None without any."""
    if (folder / "manifest.csv").is_file():
        rows = _rows(folder / "manifest.csv")
        empty = sum(not row["path"] for row in rows)
        said = f"{empty} of {len(rows)} rows of {folder / 'manifest.csv'} have no path and were not taken."
        return said if empty else None
    inside = {path for path in folder.rglob("*") if path.is_file() and not _is_hidden(path, folder)}
    left = inside - {film.path for film in _from_folders(folder)}
    if not left:
        return None
    names = sorted(path.name for path in folder.glob("[!.]*") if path.is_dir() and _plain(path.name) not in KNOWN)
    others = [f"folders that name no class: {', '.join(names)}"] if names else []
    suffixes = sorted({path.suffix for path in left if not _has_suffix(path)})
    others += [f"other suffixes: {', '.join(suffixes)}"] if suffixes else []
    why = f" ({'; '.join(others)})" if others else ""
    return f"{len(left)} of {len(inside)} files under {folder} were not taken{why}."


def in_manifest(folder: Path) -> tuple[set[str], set[str]]:
    """(names of the films, patients) that the manifest.csv of `folder` names; two empty sets without one."""
    rows = _rows(folder / "manifest.csv") if (folder / "manifest.csv").is_file() else []
    patients = {(row.get("patient") or "").strip() for row in rows}
    return {Path(row["path"]).name for row in rows if row["path"]}, patients - {""}


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().lower()


def _from_folders(folder: Path) -> list[Listed]:
    found = []
    for inner in sorted(path for path in folder.iterdir() if path.is_dir() and _plain(path.name) in KNOWN):
        label, subtype = KNOWN[_plain(inner.name)]
        found += [_listed(path, label, subtype) for path in sorted(inner.rglob("*")) if _is_film(path, inner)]
    return sorted(found, key=lambda film: film.label)


def _is_film(path: Path, inner: Path) -> bool:
    masked = any(part.lower() == NOT_FILMS for part in path.relative_to(inner).parts)
    return _has_suffix(path) and path.is_file() and not masked and not _is_hidden(path, inner)


def _has_suffix(path: Path) -> bool:
    """Of a film; a DICOM file named by its UID, 1.2.840.1, has none."""
    return path.suffix.lower() in SUFFIXES or path.suffix[1:].isdigit()


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _listed(path: Path, label: int, subtype: int | None, patient: str | None = None) -> Listed:
    if subtype is None and (named := SUBTYPE_IN_NAME.search(path.name)):
        subtype = KNOWN[named[1].lower()][1]
    return Listed(path, label, subtype, patient)


def _from_manifest(folder: Path) -> list[Listed]:
    rows = [row for row in _rows(folder / "manifest.csv") if row["path"]]
    missing = [row["path"] for row in rows if not (folder / row["path"]).is_file()]
    if missing:
        raise DataError(f"{folder / 'manifest.csv'} names {len(missing)} films that are not there, {missing[0]} first.")
    found = [
        _listed(
            folder / row["path"], *_classes(folder / "manifest.csv", row), (row.get("patient") or "").strip() or None
        )
        for row in rows
    ]
    return sorted(found, key=lambda film: (film.path, film.label))


def _rows(manifest: Path) -> list[dict]:
    try:
        with manifest.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error):
        raise DataError(f"{manifest} cannot be read as CSV in UTF-8; save it as such.") from None
    if not rows or not {"path", "label"} <= rows[0].keys():
        raise DataError(f"{manifest} needs the columns path and label, separated by commas.")
    return rows


def _classes(manifest: Path, row: dict) -> tuple[int, int | None]:
    """(label, subtype) of a row; raises DataError for a word that is neither, or for two that contradict."""
    label, subtype = _known(manifest, row, "label")
    if not (row.get("subtype") or "").strip():
        return label, subtype
    by_subtype = _known(manifest, row, "subtype")
    at_odds = None not in (subtype, by_subtype[1]) and subtype != by_subtype[1]
    if by_subtype[0] != label or at_odds:
        raise DataError(f"{manifest}: {row['path']} is labelled {row['label']}, yet its subtype is {row['subtype']}.")
    return label, by_subtype[1] if subtype is None else subtype


def _known(manifest: Path, row: dict, column: str) -> tuple[int, int | None]:
    value = row[column] or ""
    if _plain(value) not in KNOWN:
        raise DataError(
            f"{manifest} has the {column} {value!r} for {row['path']}; known are {', '.join(CLASSES)}, "
            f"{' and '.join(THREE_CLASSES[1:])}."
        )
    return KNOWN[_plain(value)]
