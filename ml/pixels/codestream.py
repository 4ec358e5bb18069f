"""What a compressed picture says of its own size, read before anything decodes it.

A codestream may be far larger than the DICOM header around it says; decoders allocate by the codestream.
"""

import struct
from typing import NamedTuple

JPEG_START, J2K_START, JP2_START = b"\xff\xd8", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  "
# Start-of-frame markers of JPEG (ITU T.81, table B.1), without DHT, JPG and DAC, and JPEG-LS's (T.87).
FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
FILL, MOST_SEGMENTS = 0xFF, 10_000


class Frame(NamedTuple):
    """A codestream's picture in its own words."""

    rows: int
    columns: int
    components: int
    bits: int


def frame(stream: bytes) -> Frame:
    """What a JPEG, JPEG-LS or JPEG 2000 codestream says of its picture; raises ValueError where it says nothing."""
    try:
        stream = unboxed(stream)
        if stream.startswith(J2K_START):
            return _frame_of_j2k(stream)
        if stream.startswith(JPEG_START):
            return _frame_of_jpeg(stream)
    except (struct.error, IndexError) as error:
        raise ValueError("the codestream ends in its header") from error
    raise ValueError("no codestream of a known kind")


def unboxed(stream: bytes) -> bytes:
    """Without boxes around it, which are against the standard (PS3.5, A.4.4), and met; ValueError for empty ones."""
    return stream[stream.index(J2K_START) :] if stream.startswith(JP2_START) else stream


def _frame_of_j2k(stream: bytes) -> Frame:
    """From the SIZ segment (ITU T.800, A.5.1): the image area on the reference grid."""
    right, bottom, left, top = struct.unpack_from(">4I", stream, 8)
    components, depth = struct.unpack_from(">HB", stream, 40)
    return Frame(bottom - top, right - left, components, (depth & 0x7F) + 1)  # the highest bit is the sign


def _frame_of_jpeg(stream: bytes) -> Frame:
    at = 2
    for _ in range(MOST_SEGMENTS):
        if stream[at] != 0xFF:
            raise ValueError("a marker is missing")
        marker = stream[at + 1]
        if marker in FRAMES:
            bits, rows, columns, components = struct.unpack_from(">BHHB", stream, at + 4)
            return Frame(rows, columns, components, bits)
        if marker == FILL:
            at += 1
        else:
            at += 2 if marker in ALONE else 2 + struct.unpack_from(">H", stream, at + 2)[0]
    raise ValueError("no frame in a codestream of many markers")
