"""The picture that every file of the catalogue is made of: as it is, blank, and in formats that are not taken."""

import io
import struct
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from tests.ml import pixels
from tests.ml.drawing import jpeg, png, ramp

HIGH, WIDE = 200, 160

STREAMS = Path(pixels.__file__).with_name("codestreams")  # of the same picture


def grey(top=255):
    """(HIGH, WIDE) uint16, 0..top: each corner another."""
    return ramp(HIGH, WIDE, top)


def grey8():
    return grey().astype(np.uint8)


@cache
def plain():
    """The picture itself, as a plain 8-bit PNG: what its twins in other clothes are compared with."""
    return png(grey8())


@cache
def plain_jpeg():
    return jpeg(grey8())


def animated(format):
    frames = [Image.fromarray(np.roll(grey8(), 5 * n, axis=1)) for n in range(3)]
    out = io.BytesIO()
    frames[0].save(out, format, save_all=True, append_images=frames[1:])
    return out.getvalue()


def flat(value, seen=0):
    """One tone; of every hundred pixels `seen` are a ramp."""
    picture = np.full((HIGH, WIDE), value, np.uint8)
    picture[:: HIGH // 2, : WIDE * seen // 100] = 128
    return png(picture)


def two_ends():
    """Black and white alone, half and half."""
    picture = np.zeros((HIGH, WIDE), np.uint8)
    picture[:, WIDE // 2 :] = 255
    return png(picture)


def stream(name):
    """A codestream that nothing here encodes: "ramp12.jpeg51" is of 12 bits, "ramp8.jpeg70" is lossless."""
    return (STREAMS / name).read_bytes()


CANARY = "CANARY^JANE"


def sized(wide, high):
    return png(np.resize(grey8(), (high, wide)))


def saved(format, **options):
    out = io.BytesIO()
    Image.fromarray(grey8()).convert("RGB").save(out, format, **options)
    return out.getvalue()


def tiff_of_many(directories=100_000):
    """A TIFF whose directories go on and on: each of no entry, and the place of the next."""
    places = (8 + 6 * (n + 1) for n in range(directories))
    return b"II*\0" + struct.pack("<I", 8) + b"".join(struct.pack("<HI", 0, place) for place in places)
