"""DICOM tags to a Header, tolerantly: a broken name or date must not cost the film."""

import re
from datetime import date, datetime

from pydicom.dataset import Dataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
)

from ml.pixels.film import LATERAL_VIEWS, Header

SHORT, LONG = 64, 1024  # DICOM's own limits of LO/UI and of ST (PS3.5, 6.2)
# Control characters, half characters, and those that turn the direction of the text around them.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
WIDEST_MM = 10.0  # a pixel of a chest film is 0.1 to 0.2 mm wide
YEARS_PER = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}
MODALITY_OF = {
    ComputedRadiographyImageStorage: "CR",
    DigitalXRayImageStorageForPresentation: "DX",
    DigitalXRayImageStorageForProcessing: "DX",
}


def text(dataset: Dataset, keyword: str, limit: int = SHORT) -> str:
    """The value as clean text of at most `limit` characters; "" where it is absent or cannot be decoded."""
    try:
        value = dataset.get(keyword)
        value = "" if value is None else str(value)
    except Exception:  # pydicom raises many types on broken character sets and numbers
        return ""
    return UNPRINTABLE.sub(" ", value).strip()[:limit].strip()


def uid(dataset: Dataset, keyword: str) -> str:
    """A well-formed UID, else "": a garbled one must neither join studies nor reach a path."""
    value = text(dataset, keyword, SHORT + 1)
    return value if re.fullmatch(r"[0-9.]{1,64}", value) else ""


def number(dataset: Dataset, keyword: str, default: float | None = None) -> float | None:
    """The first finite number of a tag, or `default`."""
    try:
        value = dataset.get(keyword)
        value = value[0] if _is_several(value) else value
        value = float(value)
    except Exception:  # absent, empty, or garbage
        return default
    return value if abs(value) < 1e9 else default  # also False for NaN


def spacing(dataset: Dataset) -> tuple[float | None, float | None, bool]:
    """(mm between rows, mm between columns, whether that is at the detector); (None, None, False) where none is sound.

    PixelSpacing that repeats ImagerPixelSpacing corrects nothing, and is at the detector as well (PS3.3, 10.7.1).
    """
    corrected, detector = _two_mm(dataset, "PixelSpacing"), _two_mm(dataset, "ImagerPixelSpacing")
    if found := corrected or detector:
        return *found, found == detector
    return None, None, False


def _two_mm(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    try:
        rows, columns = (float(value) for value in dataset.get(keyword))
    except Exception:  # absent, one number, three, or garbage
        return None
    return (rows, columns) if 0 < rows < WIDEST_MM and 0 < columns < WIDEST_MM else None


def _is_several(value) -> bool:
    return hasattr(value, "__getitem__") and not isinstance(value, str | bytes)


def header(dataset: Dataset, transfer_syntax: str) -> Header:
    """Everything FirstRead keeps of a DICOM header."""
    row_mm, column_mm, at_detector = spacing(dataset)
    born, studied = iso_date(text(dataset, "PatientBirthDate")), iso_date(text(dataset, "StudyDate"))
    return Header(
        format="dicom",
        modality=modality(dataset),
        body_part=text(dataset, "BodyPartExamined").upper(),
        view=view(dataset),
        study_uid=uid(dataset, "StudyInstanceUID"),
        series_uid=uid(dataset, "SeriesInstanceUID"),
        sop_uid=uid(dataset, "SOPInstanceUID"),
        patient_name=text(dataset, "PatientName", 200),
        patient_id=text(dataset, "PatientID"),
        birth_date=born,
        age_years=age_years(text(dataset, "PatientAge"), born, studied),
        sex=text(dataset, "PatientSex")[:1].upper(),
        accession=text(dataset, "AccessionNumber"),
        study_time=study_time(studied, text(dataset, "StudyTime"), text(dataset, "TimezoneOffsetFromUTC")),
        description=text(dataset, "StudyDescription", 256) or text(dataset, "SeriesDescription", 256),
        clinical_question=text(dataset, "ReasonForTheRequestedProcedure", LONG)
        or text(dataset, "ReasonForStudy", LONG),
        transfer_syntax=transfer_syntax,
        rows=int(number(dataset, "Rows", 0)),
        columns=int(number(dataset, "Columns", 0)),
        bits=int(number(dataset, "BitsStored", 0)),
        photometric=text(dataset, "PhotometricInterpretation").upper(),
        frames=max(1, int(number(dataset, "NumberOfFrames", 1))),
        burned_in=text(dataset, "BurnedInAnnotation").upper() == "YES",
        row_spacing_mm=row_mm,
        column_spacing_mm=column_mm,
        spacing_at_detector=at_detector,
    )


def modality(dataset: Dataset) -> str:
    """As stated; where nothing is, as the SOP class has it for the two that FirstRead takes."""
    return text(dataset, "Modality").upper() or MODALITY_OF.get(uid(dataset, "SOPClassUID"), "")


def view(dataset: Dataset) -> str:
    """ "PA", "AP", "LATERAL", another word in upper case, or ""."""
    position = text(dataset, "ViewPosition").upper()
    if not position:
        position = _view_by_code(dataset)
    return "LATERAL" if position in LATERAL_VIEWS else position


def _view_by_code(dataset: Dataset) -> str:
    try:
        meaning = text(dataset.ViewCodeSequence[0], "CodeMeaning").lower()
    except Exception:  # absent, empty or broken sequence
        return ""
    for word, position in (("postero", "PA"), ("antero", "AP"), ("lateral", "LATERAL")):
        if meaning.startswith(word) or (word == "lateral" and word in meaning):
            return position
    return ""


def iso_date(value: str) -> str:
    """A DICOM date (20240131, or 2024.01.31 of the old standard) as ISO, "" for garbage."""
    try:
        return datetime.strptime(re.sub(r"\D", "", value), "%Y%m%d").date().isoformat()
    except ValueError:
        return ""


def study_time(day: str, clock: str, zone: str) -> str:
    """ISO date and time; midnight is not invented: a garbled time leaves the date alone."""
    found = re.fullmatch(r"(\d\d)(\d\d)?(\d\d)?(\.\d*)?", clock.replace(":", "").strip())
    if not day:
        return ""
    hour, minute, second = (int(part or 0) for part in found.groups()[:3]) if found else (99, 0, 0)
    if hour > 23 or minute > 59 or second > 59:
        return day
    offset = f"{zone[:3]}:{zone[3:]}" if re.fullmatch(r"[+-](0\d|1[0-4])[0-5]\d", zone) else ""
    return f"{day}T{hour:02}:{minute:02}:{second:02}{offset}"


def age_years(stated: str, born: str, studied: str) -> float | None:
    """Age at the study: from both dates, which are exact, else as stated ("005Y", "018M"; bare digits are years)."""
    if born and studied and studied >= born:
        return round((date.fromisoformat(studied) - date.fromisoformat(born)).days / 365.25, 2)
    found = re.fullmatch(r"(\d{1,3})([DWMY]?)", stated.upper())
    return round(int(found[1]) * YEARS_PER[found[2] or "Y"], 2) if found else None
