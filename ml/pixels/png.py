"""A PNG for a grey picture, in a sixth of the time that Pillow takes, and no larger.

Pillow tries five filters a row and searches long for repeats. A film has none worth the search: every row less the
one above it, packed quickly, is as small, and is read in half the time (docs/decisions/our-own-png-writer.md).
"""

import struct

import numpy as np
from isal import isal_zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
UP = 2  # the filter: each byte less the one above it


def written(grey: np.ndarray) -> bytes:
    """The PNG of (h, w) uint8 or uint16, of 8 or 16 bits a pixel, value for value."""
    high, wide = grey.shape
    depth = 8 * grey.dtype.itemsize
    header = struct.pack(">IIBBBBB", wide, high, depth, 0, 0, 0, 0)  # grey, no interlacing
    pixels = isal_zlib.compress(_filtered(grey), 1)
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _filtered(grey: np.ndarray) -> np.ndarray:
    """(h, 1 + bytes a row) uint8: each row behind the name of its filter."""
    raw = np.ascontiguousarray(grey, dtype=grey.dtype.newbyteorder(">")).view(np.uint8)
    rows = np.empty((raw.shape[0], 1 + raw.shape[1]), dtype=np.uint8)
    rows[:, 0] = UP
    rows[0, 1:] = raw[0]
    np.subtract(raw[1:], raw[:-1], out=rows[1:, 1:])  # modulo 256, as the filter wants it
    return rows


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", isal_zlib.crc32(name + content))
