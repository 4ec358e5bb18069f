"""Rows 26 to 37, and 54: the pixel data of DICOM files."""

import numpy as np
import pytest
from pydicom import uid

from tests.catalogue import dicom_headers, dicom_pixels, dicoms
from tests.catalogue.judged import check
from tests.catalogue.picture import grey
from tests.catalogue.rows import accepted, gated, refused

pytestmark = pytest.mark.django_db

UNDECODABLE = {
    "MPEG-2": uid.MPEG2MPML,
    "MPEG-4": uid.MPEG4HP41,
    "HEVC": uid.HEVCMP51,
    "JPEG XL": "1.2.840.10008.1.2.4.112",
    "JPIP": "1.2.840.10008.1.2.4.95",
    "a private one": "1.2.752.1.1",
    "a garbled one": "1.2.840.10008.1.2.4.9999",
}
BITS = {"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31, "PixelData": grey().astype("<u4").tobytes()}
REFUSED_BITS = {
    "contradictory: 12 bits in 8": {"BitsStored": 12, "HighBit": 11},
    "contradictory: no bits at all": {"BitsStored": 0, "HighBit": 0},
    "contradictory: the high bit is another": {"HighBit": 3},
    "32 bits": BITS,
}
# A number that makes no sense has a default; the picture is what it is.
NUMBERS = {
    "a slope of 0": {"RescaleSlope": "0", "RescaleIntercept": "0"},
    "a slope of NaN": {"RescaleSlope": "NaN", "RescaleIntercept": "0"},
    "an endless slope": {"RescaleSlope": "1e300", "RescaleIntercept": "0"},
    "a steep slope": {"RescaleSlope": "100000", "RescaleIntercept": "-5"},
    "a window of width 0": {"WindowCenter": "128", "WindowWidth": "0"},
    "a window of negative width": {"WindowCenter": "128", "WindowWidth": "-40"},
    "a window of NaN": {"WindowCenter": "NaN", "WindowWidth": "NaN"},
    "a window without a width": {"WindowCenter": "128"},
    "a window beside the picture": {"WindowCenter": "90000", "WindowWidth": "10"},
    "several windows": {"WindowCenter": ["128", "5"], "WindowWidth": ["256", "1"]},
}
DAMAGED = ("truncated", "malformed_dicom")
# Read wrongly, the header names no modality.
GARBLED = (*DAMAGED, "unsupported_modality")

CASES = [
    refused("B26 no pixel data", "no_pixels", lambda: dicoms.changed(remove=["PixelData"])),
    refused("B26 empty pixel data", "no_pixels", lambda: dicoms.film(PixelData=b"")),
    refused("B26 a byte too few", "truncated", lambda: dicom_pixels.short_by(1)),
    refused("B26 half the pixels", "truncated", lambda: dicom_pixels.short_by(16000)),
    refused("B26 the file is cut", "truncated", lambda: dicom_pixels.cut(60)),
    accepted("B27 MONOCHROME1", dicom_pixels.monochrome1, twin=1),
    accepted("B27 MONOCHROME1 of 12 bits", lambda: dicom_pixels.monochrome1(12), twin=1),
    refused("B28 an index beyond the table", "unsupported_photometric", dicom_pixels.palette),
    refused("B28 a table of nothing", "unsupported_photometric", lambda: dicom_pixels.palette(entries=0)),
    refused("B29 RGB", "unsupported_photometric", lambda: dicom_pixels.colour("RGB")),
    refused("B29 YBR_FULL_422", "unsupported_photometric", lambda: dicom_pixels.colour("YBR_FULL_422")),
    gated("B30 2 frames", "multiframe", lambda: dicom_pixels.frames(2, 2)),
    refused("B30 2 frames, 1 present", "malformed_dicom", lambda: dicom_pixels.frames(2, 1)),
    refused("B30 100,000 frames, 1 present", "malformed_dicom", lambda: dicom_pixels.frames(100_000, 1)),
    accepted("B30 no frames, 1 present", lambda: dicom_pixels.frames(0, 1), twin=1),
    *(accepted(f"B31 {n} bits", lambda n=n: dicoms.deep(n), twin=1) for n in (8, 10, 12, 14, 16)),
    accepted("B31 signed, with an intercept", dicom_pixels.signed, twin=1),
    accepted("B31 garbage above the bits", dicom_pixels.littered, twin=1),
    *(
        refused(f"B31 {n}", "unsupported_depth", lambda tags=tags: dicoms.changed(**tags))
        for n, tags in REFUSED_BITS.items()
    ),
    *(accepted(f"B32 {n}", lambda tags=tags: dicoms.film(**tags), twin=2) for n, tags in NUMBERS.items()),
    accepted("B32 a VOI LUT", dicom_pixels.voi_table, twin=2),
    accepted("B32 a VOI LUT of nothing", lambda: dicom_pixels.voi_table(0), twin=2),
    accepted("B32 a VOI LUT shorter than it says", lambda: dicom_pixels.voi_table(16, 256), twin=2),
    accepted("B32 a VOI LUT of one value", lambda: dicom_pixels.voi_table(top=0), twin=2),
    *(accepted(f"B33 {n}", make, twin=1.5) for n, make in dicom_pixels.COMPRESSED.items()),
    *(refused(f"B33 {n}, cut", DAMAGED, lambda n=n: dicom_pixels.cut_stream(n)) for n in dicom_pixels.COMPRESSED),
    *(
        gated(f"B33 {n}", "undecodable", lambda syntax=syntax: dicoms.encapsulated(syntax, b"\0\0\1\xba" * 20))
        for n, syntax in UNDECODABLE.items()
    ),
    accepted("B34 implicit little endian", lambda: dicoms.film(syntax=uid.ImplicitVRLittleEndian), twin=1),
    accepted("B34 explicit big endian", lambda: dicoms.film(grey(4095), 12, uid.ExplicitVRBigEndian), twin=1),
    accepted(
        "B34 implicit, said to be explicit",
        lambda: dicoms.declared(uid.ExplicitVRLittleEndian, dicoms.film(syntax=uid.ImplicitVRLittleEndian)),
        twin=1,
    ),
    accepted("B34 explicit, said to be implicit", lambda: dicoms.declared(uid.ImplicitVRLittleEndian), twin=1),
    refused(
        "B34 big endian, said to be little",
        GARBLED,
        lambda: dicoms.declared(uid.ExplicitVRLittleEndian, dicoms.film(syntax=uid.ExplicitVRBigEndian)),
    ),
    refused("B34 little endian, said to be big", GARBLED, lambda: dicoms.declared(uid.ExplicitVRBigEndian)),
    refused(
        "B34 RLE, said to be plain",
        DAMAGED,
        lambda: dicoms.declared(uid.ExplicitVRLittleEndian, dicoms.film(syntax=uid.RLELossless)),
    ),
    refused("B34 plain, said to be RLE", DAMAGED, lambda: dicoms.declared(uid.RLELossless)),
    refused(
        "B34 JPEG 2000, said to be JPEG-LS",
        DAMAGED,
        lambda: dicoms.declared(uid.JPEGLSLossless, dicoms.film(syntax=uid.JPEG2000Lossless)),
    ),
    refused(
        "B34 plain, said to be deflated", "malformed_dicom", lambda: dicoms.declared(uid.DeflatedExplicitVRLittleEndian)
    ),
    accepted("B35 deflated", dicom_headers.deflated, twin=1),
    refused("B35 deflated and cut", DAMAGED, lambda: dicom_headers.deflated()[:-2000]),
    refused("B36 1.5 MB that inflate to 1.5 GB", "inflates_too_large", dicom_headers.deflated_bomb, status=413),
    refused("B37 a stream of 8000x8000", ("too_many_pixels", "malformed_dicom"), dicom_pixels.vast_jpeg2000),
    refused(
        "B37 a stream of 60000x60000",
        ("too_many_pixels", "malformed_dicom"),
        lambda: dicom_pixels.vast_jpeg2000(60000),
        status=(413, 422),
    ),
    accepted("B54 padding", dicom_pixels.padded),
    accepted("B54 a border of the collimator", dicom_pixels.collimated),
    accepted("B54 an inverse LUT shape", dicom_pixels.inverse_shape, twin=1),
]


@pytest.mark.parametrize("case", CASES)
def test_a_dicom_file_is_answered_as_its_row_says(send, holds, case):
    check(case, send(case.make(), case.name))
    holds()


@pytest.mark.parametrize("pixels", [pytest.param(np.full((200, 160), 7, np.uint16), id="B15 a blank DICOM")])
def test_a_blank_dicom_is_kept_without_a_score(send, holds, pixels):
    check(gated("B15", "no_content", lambda: b"").values[0], send(dicoms.film(pixels)))
    holds()
