"""Films on disk: which there are, who they belong to, and a split that keeps a patient on one side."""

import csv
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml import pixels, preprocess

CLASSES = ("NORMAL", "PNEUMONIA")  # the label is the index: 1 is what the model looks for
SUFFIXES = {".jpeg", ".jpg", ".png", ".dcm"}
# "person12_virus_3" and "person12_bacteria_4" may be one child, so the number alone is the key; likewise the IM number
PATIENT_IN_NAME = (re.compile(r"(person)(\d+)"), re.compile(r"(IM)-(\d+)"))


class DataError(Exception):
    """The folder cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Sample:
    """One film on disk. patient: a key that is never shown; sha256: of the file."""

    path: Path
    label: int
    patient: str
    sha256: str


def load(folder: Path) -> list[Sample]:
    """The films under `folder`: by its manifest.csv (path, label), else by class folders NORMAL/ and PNEUMONIA/."""
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder. Give one with {' and '.join(c + '/' for c in CLASSES)} inside.")
    listed = _from_manifest(folder) if (folder / "manifest.csv").is_file() else _from_folders(folder)
    for label, name in enumerate(CLASSES):
        if not any(entry[1] == label for entry in listed):
            raise DataError(f"{folder} holds no film of class {name}; it needs films in both {' and '.join(CLASSES)}.")
    samples = [Sample(path, label, patient_key(path.name), _sha256(path)) for path, label in listed]
    return _join_duplicates(samples)


def _from_manifest(folder: Path) -> list[tuple[Path, int]]:
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"path", "label"} <= rows[0].keys():
        raise DataError(f"{folder / 'manifest.csv'} needs the columns path and label.")
    missing = [row["path"] for row in rows if not (folder / row["path"]).is_file()]
    if missing:
        raise DataError(f"{folder / 'manifest.csv'} names {len(missing)} films that are not there, {missing[0]} first.")
    return sorted((folder / row["path"], CLASSES.index(row["label"])) for row in rows if row["label"] in CLASSES)


def _from_folders(folder: Path) -> list[tuple[Path, int]]:
    return [
        (path, label)
        for label, name in enumerate(CLASSES)
        for path in sorted((folder / name).rglob("*"))
        if path.suffix.lower() in SUFFIXES and path.is_file()
    ]


def patient_key(name: str) -> str:
    """The patient a file name points to; a name that points to none is a patient of its own."""
    for pattern in PATIENT_IN_NAME:
        if found := pattern.search(name):
            return f"{found[1]}-{int(found[2])}"
    return Path(name).stem


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _join_duplicates(samples: list[Sample]) -> list[Sample]:
    """Give patients that share an identical file one key, through chains of any length."""
    leader: dict[str, str] = {}

    def find(key: str) -> str:
        while leader.setdefault(key, key) != key:
            key = leader[key]
        return key

    for sample in samples:
        a, b = find(sample.patient), find("file " + sample.sha256)
        leader[max(a, b)] = min(a, b)
    return [Sample(s.path, s.label, find(s.patient), s.sha256) for s in samples]


def without_patients_of(samples: list[Sample], names: set[str]) -> list[Sample]:
    """Drop every film of every patient who has a film among `names` (file names without folders)."""
    keys = {patient_key(name) for name in names}
    known = {sample.patient for sample in samples if patient_key(sample.path.name) in keys}
    return [sample for sample in samples if sample.patient not in known]


def split(samples: list[Sample], fraction: float, seed: int) -> tuple[list[Sample], list[Sample]]:
    """(training, validation) by patient, `fraction` of each class's patients in validation, the same for a seed."""
    rng = np.random.default_rng(seed)
    held: set[str] = set()
    for label in range(len(CLASSES)):
        patients = sorted({s.patient for s in samples if s.label == label})
        held |= set(rng.permutation(patients)[: round(fraction * len(patients))].tolist())
    training = [s for s in samples if s.patient not in held]
    validation = [s for s in samples if s.patient in held]
    for part in (training, validation):
        if len({s.label for s in part}) < len(CLASSES):
            raise DataError("Too few patients for a split: each side needs films of both classes.")
    return training, validation


def manifest_hash(samples: list[Sample]) -> str:
    """SHA-256 over the sorted lines "sha256 label": the same films under other paths are the same data."""
    lines = sorted(f"{s.sha256} {s.label}\n" for s in samples)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def render(samples: list[Sample], side: int, progress=iter) -> tuple[np.ndarray, list[Sample], list[str]]:
    """((n, side, side) uint8, the samples it holds, a sentence for each film left out) through the serving path."""
    tensors, kept, unreadable = [], [], []
    for sample in progress(samples):
        try:
            grey = pixels.model_grey(pixels.read(sample.path.read_bytes()))
        except pixels.Unreadable as error:
            unreadable.append(f"{sample.path.name}: {error.sentence}")
            continue
        tensors.append(preprocess.to_tensor(grey, side))
        kept.append(sample)
    if not kept:
        raise DataError("None of the films could be read.")
    return np.stack(tensors), kept, unreadable
