"""JPEG files that nobody should send, made in memory: the same in every run."""

import struct

import numpy as np
from PIL import Image

from tests.catalogue.picture import CANARY, HIGH, WIDE, grey8, plain_jpeg
from tests.ml.drawing import jpeg, png


def cut(percent):
    return plain_jpeg()[: len(plain_jpeg()) * percent // 100]


def flipped_scan(seed, count=4):
    """Bytes of the scan are others."""
    data, random = bytearray(plain_jpeg()), np.random.default_rng(seed)
    for at in random.integers(data.index(b"\xff\xda") + 14, len(data) - 2, count):
        data[at] = random.integers(256)
    return bytes(data)


def cmyk():
    """Adobe's CMYK, inverted as Adobe writes it; the picture is in all four inks."""
    return jpeg(Image.fromarray(grey8()).convert("RGB").convert("CMYK"))


def ycck():
    """The same as Adobe's YCCK: luminance and colour of three inks, and no black one; Pillow turns what it writes."""
    grey, neutral, none = Image.fromarray(grey8()), Image.new("L", (WIDE, HIGH), 127), Image.new("L", (WIDE, HIGH), 0)
    data = bytearray(jpeg(Image.merge("CMYK", [grey, neutral, neutral, none])))
    data[data.index(b"Adobe") + 11] = 2
    return bytes(data)


def progressive():
    return jpeg(grey8(), progressive=True)


def photo():
    """Leaves and sky: strong colours, no film."""
    y, x = np.mgrid[0:HIGH, 0:WIDE]
    return jpeg(np.dstack([127 + 120 * np.sin(x / 9), 127 + 120 * np.cos(y / 13), (x * y) % 255]).astype(np.uint8))


def chart():
    bands = np.repeat(np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0]], np.uint8), WIDE // 4, axis=0)
    return png(np.broadcast_to(bands, (HIGH, WIDE, 3)).copy())


# How a viewer that ignores EXIF would have to store the picture, for each orientation.
LAID = {
    2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1], 5: lambda a: a.T,
    6: lambda a: np.rot90(a, 1), 7: lambda a: a[::-1, ::-1].T, 8: lambda a: np.rot90(a, -1),
}  # fmt: skip


def turned(orientation):
    """Stored turned, and put upright by EXIF; an orientation that does not exist turns nothing."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return jpeg(np.ascontiguousarray(LAID.get(orientation, lambda a: a)(grey8())), exif=exif.tobytes())


def telling():
    """EXIF with a place and an owner, XMP, IPTC and a comment, each with a name."""
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = exif[0x8298] = CANARY
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 22.0, 13.0), 29: "2024:01:31"})
    data = jpeg(grey8(), exif=exif.tobytes(), comment=CANARY.encode())
    return data[:2] + _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x>" + CANARY.encode() + b"</x>") + _segment(
        0xED, b"Photoshop 3.0\0" + b"8BIM\4\4\0\0\0\x10\x1c\2\x50" + struct.pack(">H", 11) + CANARY.encode()
    ) + data[2:]  # fmt: skip


def _segment(marker, data):
    return struct.pack(">2BH", 0xFF, marker, len(data) + 2) + data


def no_height_jpeg():
    """A frame of no height, which a DNL marker behind the scan would have to name."""
    data, at = bytearray(plain_jpeg()), plain_jpeg().index(b"\xff\xc0")
    data[at + 5 : at + 7] = b"\0\0"
    return bytes(data)
