"""Films on disk: which there are, who they belong to, and a split that keeps a patient on one side."""

import hashlib
import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ml import listing, pixels, preprocess
from ml.listing import CLASSES, SUFFIXES, THREE_CLASSES, DataError

__all__ = ["CLASSES", "SUFFIXES", "THREE_CLASSES", "DataError", "Sample", "load", "render", "split"]

# "person12_virus_3" and "person12_bacteria_4" may be one child, so the number alone is the key; likewise the IM number
PATIENT_IN_NAME = (re.compile(r"(person)(\d+)"), re.compile(r"(IM)-(\d+)"))


@dataclass(frozen=True)
class Sample:
    """One film on disk. patient: a key that is never shown; sha256: of the file."""

    path: Path
    label: int  # 1 is pneumonia
    patient: str
    sha256: str
    subtype: int | None = None  # 0 normal, 1 bacterial, 2 viral, None unknown
    keyed: bool = True  # False: nothing says whose film it is, so it stands for a patient of its own
    key: str | None = None  # the patient as manifest or name say it, before duplicates joined any


def load(
    folder: Path, classes: int = 2, patient_pattern: str | None = None, *, require_patients: bool = True
) -> list[Sample]:
    """The films under `folder`: by its manifest.csv (path, label[, subtype][, patient]), else by class folders.

    Class folders are NORMAL/ and PNEUMONIA/, or NORMAL/, BACTERIAL/ and VIRAL/, or those of the radiography database
    (ml.listing.KNOWN), in any case. Whose film it is says the manifest's column, else the first group of
    `patient_pattern` in the file's name, else a name like person12_virus_3 or IM-0115-0001. Where nothing says it the
    set is refused: a split by file would let a patient be on both sides. An evaluation has no split, and may take each
    such film for a patient (`require_patients=False`, see `note`). Raises DataError.
    """
    folder, pattern = Path(folder), _compiled(patient_pattern)
    listed = listing.films(folder)
    _check_classes(folder, listed, classes)
    keys = [film.patient or patient_key(film.path.name, pattern) for film in listed]
    unkeyed = [film.path.name for film, key in zip(listed, keys, strict=True) if key is None]
    if unkeyed and require_patients:
        raise DataError(
            f"{len(unkeyed)} films of {folder} carry no patient key, {unkeyed[0]} first; give manifest.csv a column "
            "patient, or --patient-pattern a regular expression whose first group is the patient in a file's name."
        )
    samples = [
        Sample(f.path, f.label, key or _alone(f.path, folder), _sha256(f.path), f.subtype, key is not None, key)
        for f, key in zip(listed, keys, strict=True)
    ]
    _check_contradictions(samples)
    once = {os.path.normpath(sample.path): sample for sample in _join_duplicates(samples)}  # a manifest may repeat
    return list(once.values())


def _alone(path: Path, folder: Path) -> str:
    return f"film {os.path.relpath(path, folder)}"


def _check_contradictions(samples: list[Sample]) -> None:
    """Raise DataError where one and the same film stands in both classes."""
    seen: dict[str, Sample] = {}
    for sample in samples:
        first = seen.setdefault(sample.sha256, sample)
        if first.label != sample.label:
            raise DataError(
                f"{first.path} and {sample.path} are the same film, one as {CLASSES[first.label]} and one as "
                f"{CLASSES[sample.label]}: correct the label, or take both out."
            )


def note(samples: list[Sample]) -> str | None:
    """A sentence for a result on films without a patient key; None where each has one."""
    count = sum(not sample.keyed for sample in samples)
    if not count:
        return None
    return (
        f"{count} of {len(samples)} films carry no patient key; each counts as a patient of its own, so the intervals "
        "are too narrow where a patient has several films."
    )


def _check_classes(folder: Path, listed: list[listing.Listed], classes: int) -> None:
    names = class_names(classes)
    unknown = [film.path.name for film in listed if film.subtype is None]
    if classes == len(THREE_CLASSES) and unknown:
        raise DataError(
            f"{len(unknown)} films of {folder} do not say whether the pneumonia is bacterial or viral, {unknown[0]} "
            "first; give folders NORMAL/, BACTERIAL/ and VIRAL/, a column subtype in manifest.csv, or --classes 2."
        )
    for index, name in enumerate(names):
        if not any((film.label if classes == 2 else film.subtype) == index for film in listed):
            raise DataError(f"{folder} holds no film of class {name}; it needs films of {' and '.join(names)}.")


def class_names(classes: int) -> tuple[str, ...]:
    return CLASSES if classes == 2 else THREE_CLASSES


def _compiled(pattern: str | None) -> re.Pattern | None:
    if pattern is None:
        return None
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise DataError(f"--patient-pattern {pattern} is not a regular expression: {error}.") from None
    if not compiled.groups:
        raise DataError(
            f"--patient-pattern {pattern} has no group; put the patient's part in brackets, as in ^(p\\d+)_."
        )
    return compiled


def patient_key(name: str, pattern: re.Pattern | None = None) -> str | None:
    """The patient a file name points to: by the first group of `pattern`, else by the known names; None by neither."""
    if pattern and (found := pattern.search(name)) and found[1]:
        return found[1]
    for known in PATIENT_IN_NAME:
        if found := known.search(name):
            return f"{found[1]}-{int(found[2])}"
    return None


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
    return [replace(s, patient=find(s.patient)) for s in samples]


def without_patients_in(samples: list[Sample], folder: Path, patient_pattern: str | None = None) -> list[Sample]:
    """Drop every film of every patient who has a film in `folder`: by file name, patient key or content.

    Raises DataError where that is no folder, or where nobody is dropped: it would be the wrong one.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; give the one whose patients are to be left out.")
    files = [path for path in folder.rglob("*") if path.is_file()]
    names, patients = listing.in_manifest(folder)
    hashes = {_sha256(path) for path in files}
    left = without_patients_of(samples, names | {path.name for path in files}, patient_pattern, patients, hashes)
    if len(left) == len(samples):
        raise DataError(f"{folder} holds no film of any patient of these films: give the right folder, or none.")
    return left


def without_patients_of(
    samples: list[Sample],
    names: set[str],
    patient_pattern: str | None = None,
    patients: Iterable[str] = (),
    hashes: Collection[str] = (),
) -> list[Sample]:
    """Drop every film of every patient who has a film among `names` (file names without folders) or `hashes`.

    patients: keys of a manifest, further to those that the names give.
    """
    pattern = _compiled(patient_pattern)
    keys = {patient_key(name, pattern) for name in names}.union(patients) - {None}
    known = {
        s.patient
        for s in samples
        if s.path.name in names or s.sha256 in hashes or s.key in keys or patient_key(s.path.name, pattern) in keys
    }
    return [sample for sample in samples if sample.patient not in known]


def split(samples: list[Sample], fraction: float, seed: int, classes: int = 2) -> tuple[list[Sample], list[Sample]]:
    """(training, validation) by patient, `fraction` of each class's patients in validation, the same for a seed.

    It goes by normal and pneumonia for three classes too: all systems are then judged on the same patients.
    """
    rng = np.random.default_rng(seed)
    held: set[str] = set()
    for label in range(len(CLASSES)):
        patients = sorted({s.patient for s in samples if s.label == label})
        held |= set(rng.permutation(patients)[: round(fraction * len(patients))].tolist())
    training = [s for s in samples if s.patient not in held]
    validation = [s for s in samples if s.patient in held]
    for part in (training, validation):
        require_classes(part, classes, "Too few patients for a split")
    return training, validation


def require_classes(part: list[Sample], classes: int, problem: str) -> None:
    """Raise DataError unless one side of a split has films of each class."""
    if len(set(indices(part, classes).tolist())) < classes:
        raise DataError(
            f"{problem}: training and validation each need films of {' and '.join(class_names(classes))}. Bring films "
            "of more patients, or give another --validation or --seed."
        )


def indices(samples: list[Sample], classes: int) -> np.ndarray:
    """(n,) int: the class that a model of `classes` classes learns; 0 is normal."""
    return np.array([sample.label if classes == 2 else sample.subtype for sample in samples], dtype=int)


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
