"""Rows 38 to 46, 53 and 55: the headers of DICOM files."""

import pytest

from tests.catalogue import dicom_headers, dicoms
from tests.catalogue.judged import check
from tests.catalogue.rows import accepted, gated, refused, skipped

pytestmark = pytest.mark.django_db

LATERAL_VIEWS = ("LATERAL", "LL", "RL", "LLD", "RLD")
PROGRAMS = {
    "Windows": b"MZ\x90\0",
    "Linux": b"\x7fELF\2\1\1",
    "macOS": b"\xcf\xfa\xed\xfe",
    "an older macOS": b"\xfe\xed\xfa\xce",
}
TIFFS = {"little endian": b"II*\0\x08\0\0\0", "big endian": b"MM\0*\0\0\0\x08"}
NO_PICTURES = {
    "a structured report": ("1.2.840.10008.5.1.4.1.1.88.33", "SR"),
    "a PDF": ("1.2.840.10008.5.1.4.1.1.104.1", "DOC"),
    "a presentation state": ("1.2.840.10008.5.1.4.1.1.11.1", "PR"),
    "an ECG": ("1.2.840.10008.5.1.4.1.1.9.1.1", "ECG"),
}
DAMAGED = ("truncated", "malformed_dicom")
# Read wrongly, the header names no modality.
GARBLED = (*DAMAGED, "unsupported_modality")

CASES = [
    refused("B38 70,000 rows, as a long", DAMAGED, lambda: dicom_headers.rows_as_long(70_000)),
    refused("B38 4 billion rows, as a long", "too_small", lambda: dicom_headers.rows_as_long(2**32 - 1)),
    refused("B38 no rows", "too_small", lambda: dicoms.changed(Rows=0)),
    refused("B38 rows that are not said", "too_small", lambda: dicoms.changed(remove=["Rows"])),
    refused("B38 columns that are not said", "too_small", lambda: dicoms.changed(remove=["Columns"])),
    refused("B38 65,535 a side", "too_many_pixels", lambda: dicoms.changed(Rows=65535, Columns=65535), status=413),
    refused("B39 a gigabyte is said", GARBLED, lambda: dicom_headers.overlong(2**30)),
    refused("B39 no end, and no sequence", GARBLED, lambda: dicom_headers.overlong(dicoms.ENDLESS)),
    refused("B39 a length like -2", GARBLED, lambda: dicom_headers.overlong(dicoms.ENDLESS - 1)),
    refused("B39 no end, of a text", GARBLED, lambda: dicom_headers.overlong(dicoms.ENDLESS, b"UT")),
    refused("B39 no end, of a sequence", GARBLED, lambda: dicom_headers.overlong(dicoms.ENDLESS, b"SQ")),
    refused("B40 5,000 deep", "malformed_dicom", lambda: dicom_headers.nested(5000)),
    accepted("B40 3 deep", lambda: dicom_headers.nested(3), twin=1),
    refused("B41 100,000 elements", "malformed_dicom", lambda: dicom_headers.many_elements(100_000)),
    accepted("B41 a private element of 50 MB", lambda: dicom_headers.huge_tag(50), twin=1),
    # A sequence that nobody asks for is not unfolded.
    accepted("B41 a million items", lambda: dicom_headers.many_items(1_000_000), twin=1),
    accepted("B42 a VR of ZZ", dicom_headers.odd_meta, twin=1),
    refused("B43 no preamble", "unsupported_type", dicom_headers.without_prefix, "a.dcm", 415),
    refused("B43 no DICM", "unsupported_type", lambda: bytes(132) + dicom_headers.without_prefix(), "a.dcm", 415),
    refused("B43 nothing behind it", "malformed_dicom", lambda: dicoms.plain()[:132], "a.dcm"),
    *(
        refused(f"B44 a program for {n}", "executable_preamble", lambda b=b: dicom_headers.preamble(b))
        for n, b in PROGRAMS.items()
    ),
    *(
        refused(f"B44 a TIFF, {n}", "executable_preamble", lambda b=b: dicom_headers.preamble(b))
        for n, b in TIFFS.items()
    ),
    accepted("B44 a preamble of text", lambda: dicom_headers.preamble(b"hello"), twin=1),
    *(
        refused(f"B45 {n}", "unsupported_modality", lambda n=n: dicoms.film(Modality=n))
        for n in ("CT", "MR", "US", "MG", "PT")
    ),
    *(
        refused(f"B45 {n}", "unsupported_body_part", lambda n=n: dicoms.film(BodyPartExamined=n))
        for n in ("HAND", "SKULL")
    ),
    *(gated(f"B45 {n}", "lateral", lambda n=n: dicoms.film(ViewPosition=n)) for n in LATERAL_VIEWS),
    accepted("B45 no view", lambda: dicoms.film(ViewPosition=None), twin=1),
    accepted("B45 no body part", lambda: dicoms.film(BodyPartExamined=None), twin=1),
    # The kind of storage says what the modality does not.
    accepted("B46 no modality, of a CR", lambda: dicoms.film(Modality=None), twin=1),
    accepted("B46 an empty modality, of a CR", lambda: dicoms.film(Modality=""), twin=1),
    refused(
        "B46 no modality, of a secondary capture",
        "unsupported_modality",
        lambda: dicoms.film(Modality=None, SOPClassUID="1.2.840.10008.5.1.4.1.1.7"),
    ),
    accepted("B46 no study UID", lambda: dicoms.film(StudyInstanceUID=None), twin=1),
    accepted("B46 no SOP UID", lambda: dicoms.film(SOPInstanceUID=None), twin=1),
    accepted("B46 no patient ID", lambda: dicoms.film(PatientID=None), twin=1),
    *(
        accepted(f"B53 {n}", lambda tags=tags: dicoms.film(**tags), twin=1)
        for n, tags in {
            "a birth after the film": {"PatientBirthDate": "20300101", "PatientAge": "003Y"},
            "a date of zeros": {"PatientBirthDate": "00000000", "StudyDate": "00000000"},
            "dates and times of letters": {"StudyDate": "yesterday", "StudyTime": "noon", "PatientAge": "old"},
            "a sex of letters": {"PatientSex": "XYZZY"},
        }.items()
    ),
    *(
        refused(f"B55 {n}", "unsupported_modality", lambda s=s, m=m: dicom_headers.no_picture(s, Modality=m))
        for n, (s, m) in NO_PICTURES.items()
    ),
    skipped("B55 a DICOMDIR", lambda: dicom_headers.no_picture("1.2.840.10008.1.3.10", Modality=None), "cd/DICOMDIR"),
    refused(
        "B55 a DICOMDIR under another name",
        "unsupported_modality",
        lambda: dicom_headers.no_picture("1.2.840.10008.1.3.10", Modality=None),
        "a.dcm",
    ),
]


@pytest.mark.parametrize("case", CASES)
def test_a_dicom_file_is_answered_as_its_row_says(send, holds, case):
    check(case, send(case.make(), case.name))
    holds()
