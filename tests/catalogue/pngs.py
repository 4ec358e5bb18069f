"""PNG files that nobody should send, made in memory: small on disk, the same in every run."""

import struct
import zlib

import numpy as np
from PIL import Image

from tests.catalogue.picture import HIGH, WIDE, grey8, plain
from tests.ml.drawing import png

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"

GREY, RGB = 0, 2

# Where Adam7 begins in each direction, and its steps: PNG, 8.2.
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind, data=b""):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def head(wide, high, depth=8, colour=GREY, interlaced=0):
    return PNG_MAGIC + chunk(b"IHDR", struct.pack(">2I5B", wide, high, depth, colour, 0, 0, interlaced))


def built(wide, high, packed, depth=8, colour=GREY, interlaced=0, before=b"", end=True):
    """A PNG around packed scan lines, with more chunks before them."""
    return (
        head(wide, high, depth, colour, interlaced) + before + chunk(b"IDAT", packed) + (chunk(b"IEND") if end else b"")
    )


def lines(picture):
    """The scan lines of an (h, w) uint8 picture, each unfiltered."""
    return b"".join(b"\0" + row.tobytes() for row in picture)


def with_chunks(*chunks):
    return built(WIDE, HIGH, zlib.compress(lines(grey8())), before=b"".join(chunks))


def shallow(bits):
    """Grey values of 1, 2 or 4 bits a pixel."""
    steps = np.rint(grey8() / 255 * (2**bits - 1)).astype(np.uint8)
    rows = np.packbits(np.unpackbits(steps[..., None], axis=2)[..., 8 - bits :].reshape(HIGH, -1), axis=1)
    return built(WIDE, HIGH, zlib.compress(lines(rows)), depth=bits)


def interlaced():
    picture = grey8()
    passes = [picture[y::down, x::right] for x, y, right, down in ADAM7]
    return built(WIDE, HIGH, zlib.compress(b"".join(map(lines, passes))), interlaced=1)


def zeros(count):
    """A zlib stream of `count` megabytes of zeros: one megabyte is packed, and repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = (count * 2**20 % 65521) << 16 | 1  # Adler-32 of zeros
    return b"\x78\xda" + block * count + b"\x03\x00" + struct.pack(">I", checksum)


def vast(wide, high, depth, colour):
    """A PNG that says it is this large, and holds that many zeros."""
    bits = wide * depth * (3 if colour == RGB else 1)
    return built(wide, high, zeros((1 + (bits + 7) // 8) * high // 2**20 + 1), depth, colour)


def text(megabytes, kind=b"zTXt"):
    packed = zeros(megabytes)
    return with_chunks(chunk(kind, b"Comment\0" + (b"\0" if kind == b"zTXt" else b"\1\0\0\0") + packed))


def many_texts(count=50_000):
    return with_chunks(chunk(b"tEXt", b"Comment\0x") * count)


def wrong_checksum(kind):
    """The checksum of the first chunk of this kind is another."""
    data, at = bytearray(plain()), plain().index(kind)
    (length,) = struct.unpack_from(">I", data, at - 4)
    data[at + 4 + length] ^= 0xFF
    return bytes(data)


def flipped_pixels():
    """A bit of the packed pixels is another, as a bad disk makes it."""
    data = bytearray(plain())
    data[data.index(b"IDAT") + len(data) // 2] ^= 0x10
    return bytes(data)


def endless():
    return built(WIDE, HIGH, zlib.compress(lines(grey8())), end=False)


def cut_png():
    """Cut inside the pixels."""
    return plain()[: len(plain()) * 6 // 10]


def palette():
    """A grey palette in reverse order, with half-transparent entries that lie on nothing."""
    picture = Image.fromarray(255 - grey8(), "P")
    picture.putpalette([255 - value for value in range(256) for _ in "rgb"])
    return png(picture)


def clear_palette():
    """The same; the one entry that is transparent stands for black."""
    picture = Image.fromarray(255 - grey8(), "P")
    picture.putpalette([255 - value for value in range(256) for _ in "rgb"])
    return png(picture, transparency=255)


def colours(mode):
    """The picture in another mode, opaque."""
    return png(Image.fromarray(grey8()).convert(mode))


def clear_above():
    """RGBA whose dark part is fully transparent, over white: on black it is the picture, on white another."""
    picture = np.dstack([grey8()] * 3 + [np.full((HIGH, WIDE), 255, np.uint8)])
    picture[grey8() < 4] = (255, 255, 255, 0)
    return png(picture)


def no_height():
    return built(WIDE, 0, zlib.compress(b""))
