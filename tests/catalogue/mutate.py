"""Seeded damage to good files: the same seed is the same file in every run."""

import random
import struct

from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from tests.catalogue import dicom_headers, dicom_pixels, dicoms, jpegs, picture
from tests.intake import films

SPECIAL = (0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF, 0xFFFE, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
# Of every ten mutations four are of a JPEG and four of a plain DICOM; the last two are of the other codecs in turn.
OTHERS = {
    "PNG": picture.plain,
    "progressive JPEG": jpegs.progressive,
    "big endian": lambda: dicoms.film(syntax=ExplicitVRBigEndian),
    "implicit": lambda: dicoms.film(syntax=ImplicitVRLittleEndian),
    "deflated": dicom_headers.deflated,
    **dicom_pixels.COMPRESSED,
}
_made = {}


def kind(seed):
    """Which good file the seed damages."""
    if seed % 10 < 4:
        return "JPEG"
    return "DICOM" if seed % 10 < 8 else list(OTHERS)[seed // 5 % len(OTHERS)]


def good(kind):
    if kind not in _made:
        _made[kind] = (OTHERS | {"JPEG": picture.plain_jpeg, "DICOM": films.dicom})[kind]()
    return _made[kind]


def mutated(seed):
    """A good file with one to three damages."""
    chance, data = random.Random(seed), bytearray(good(kind(seed)))
    for _ in range(chance.choice((1, 1, 2, 3))):
        chance.choice((_flip, _flip, _cut, _repeat, _number, _end, _noise))(data, chance)
    return bytes(data)


def _place(data, chance):
    """Half of the damage is in the first kilobyte, where the headers are."""
    return chance.randrange(max(1, min(len(data), 1024) if chance.random() < 0.5 else len(data)))


def _flip(data, chance):
    for _ in range(chance.choice((1, 2, 8, 32))):
        if data:
            data[_place(data, chance)] ^= 1 << chance.randrange(8)


def _cut(data, chance):
    at = _place(data, chance)
    del data[at : at + chance.choice((1, 2, 7, 64, 1000))]


def _repeat(data, chance):
    at = _place(data, chance)
    data[at:at] = data[at : at + chance.choice((1, 2, 8, 64, 1000))] * chance.choice((1, 1, 30))


def _number(data, chance):
    """A field of one, two or four bytes becomes a number at the edge: most of them are lengths."""
    shape = chance.choice(("B", "<H", ">H", "<I", ">I"))
    at, size = _place(data, chance), struct.calcsize(shape)
    if at + size <= len(data):
        data[at : at + size] = struct.pack(shape, chance.choice(SPECIAL) & (1 << 8 * size) - 1)


def _end(data, chance):
    del data[chance.randrange(len(data) + 1) :]


def _noise(data, chance):
    at = _place(data, chance)
    count = min(chance.choice((4, 16, 256)), len(data) - at)
    data[at : at + count] = chance.randbytes(count)
