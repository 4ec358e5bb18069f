"""The catalogue of bad inputs: what each of its ninety rows is, and one case of one of them.

A case's id begins with its row's number, "B12 20000x20000 of one bit". Rows 72 to 90 are about requests, not files:
their tests stand in tests/api and carry the mark `row`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

FILES, REQUESTS = range(1, 72), range(72, 91)

ROWS = {
    1: "a JPEG cut at 55 to 80 %",
    2: "a JPEG with flipped bytes in its scan",
    3: "a CMYK or YCCK JPEG",
    4: "a progressive, arithmetic-coded or 12-bit JPEG",
    5: "a colour photo or chart",
    6: "a 16-bit grey PNG",
    7: "a PNG of 1, 2 or 4 bits",
    8: "a PNG with a palette or transparency",
    9: "an interlaced PNG",
    10: "a PNG with huge or countless text chunks",
    11: "a PNG with a wrong checksum or no end",
    12: "a PNG of 20000x20000 in 48 KB",
    13: "a PNG of 13000x13000 RGB in half a megabyte",
    14: "a picture of one pixel, one row or no height",
    15: "a blank or saturated picture",
    16: "a JPEG turned by EXIF",
    17: "a JPEG with names and places in its metadata",
    18: "an animation",
    19: "another picture format",
    20: "SVG, HTML or PDF under a picture's name",
    21: "a name that does not fit the content",
    22: "nothing, one byte, or only a header",
    23: "a JPEG followed by another file",
    24: "a ZIP that begins as a PNG",
    25: "the same bytes twice",
    26: "DICOM with no, empty or odd pixel data",
    27: "MONOCHROME1",
    28: "PALETTE COLOR with a broken table",
    29: "a colour DICOM",
    30: "several frames",
    31: "depths, signs, garbage bits",
    32: "broken rescale, window and VOI values",
    33: "compressed transfer syntaxes",
    34: "plain transfer syntaxes, and a wrong one",
    35: "deflated",
    36: "a deflated bomb",
    37: "a JPEG 2000 stream larger than its header says",
    38: "impossible rows and columns",
    39: "lengths beyond the end",
    40: "5,000 nested sequences",
    41: "too many elements, a huge tag, a million items",
    42: "an odd VR in the file meta",
    43: "no preamble",
    44: "a preamble that is a program or a TIFF",
    45: "another modality, body part or view",
    46: "missing modality, study UID or patient ID",
    47: "a SOP Instance UID that comes again",
    48: "UIDs that are none",
    49: "hostile patient names",
    50: "NUL in text",
    51: "letters burned in",
    52: "patient data in hidden places",
    53: "contradictory sex, age and dates",
    54: "padding, collimation, an inverse LUT shape",
    55: "DICOM that is no picture",
    56: "10,000 mutations",
    57: "an archive in an archive",
    58: "overlapping entries",
    59: "a forged size",
    60: "bombs and too many entries",
    61: "names that climb",
    62: "links and devices",
    63: "encrypted, or packed by another method",
    64: "names in any charset",
    65: "the same name twice",
    66: "companions and folders",
    67: "a damaged archive",
    68: "an archive without films",
    69: "many good and two bad",
    70: "another archive format under .zip",
    71: "the same archive twice at once",
    72: "more than 100 files in a request",
    73: "lengths that lie",
    74: "a packed body",
    75: "broken forms",
    76: "broken JSON",
    77: "fields nobody may set",
    78: "ids of others, and no ids",
    79: "hostile filters",
    80: "hostile pages",
    81: "missing CSRF token, other origins",
    82: "fifty claims at once",
    83: "requests again",
    84: "signing a stale version",
    85: "signing what one has not claimed",
    86: "other verbs, slashes and encodings",
    87: "another Host",
    88: "hostile logins",
    89: "a thousand connections",
    90: "exports with formulas",
}

ACCEPTED, REJECTED, SKIPPED = "accepted", "rejected", "skipped"


@dataclass(frozen=True)
class Case:
    """One input, and what is to become of it.

    make: its bytes. name: the file's. statuses: of the answer. outcome, codes: of the receipt; of several each is
    right. gate: of the Image, where one is stored; "" is a film that is scored. twin: how far what the model sees may
    be from the plain picture, in grey levels of 255 on the mean; None where it is another picture.
    """

    make: Callable[[], bytes]
    statuses: tuple[int, ...]
    outcome: str
    codes: tuple[str, ...]
    name: str
    gate: str = ""
    twin: float | None = None


def accepted(id, make, name="film", *, twin=None):
    """A case that is stored and scored."""
    return pytest.param(Case(make, (201,), ACCEPTED, ("",), name, twin=twin), id=id)


def gated(id, gate, make, name="film"):
    """A case that is stored and on the worklist, without a score."""
    return pytest.param(Case(make, (201,), ACCEPTED, (gate,), name, gate=gate), id=id)


def refused(id, code, make, name="film", status=422):
    """A case of which nothing stays but its receipt; of several codes or statuses each is right."""
    codes, statuses = (code,) if isinstance(code, str) else code, (status,) if isinstance(status, int) else status
    return pytest.param(Case(make, statuses, REJECTED, codes, name), id=id)


def skipped(id, make, name, code="companion"):
    return pytest.param(Case(make, (200,), SKIPPED, (code,), name), id=id)
