"""Films to send: drawn chests as DICOM, JPEG and PNG of 800 to 1280 px, or what lies in a folder of real ones."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from ml import phantom
from tests.intake import films

# An eighth, three, five and seven eighths of 60 films that a hospital exported are smaller than these squares.
SIDES = (800, 1080, 1200, 1280)
CHESTS = 12  # drawing one takes longer than decoding it: each is drawn once, and marked with its number
KINDS = (".jpg", ".png", ".dcm", ".jpg")  # rasters are what is mostly sent in bulk
SUFFIXES = {".jpg", ".jpeg", ".png", ".dcm", ""}


def drawn(count: int, sides=SIDES, first=0) -> dict[str, bytes]:
    """{name: bytes} of so many different films, numbered from `first` on, which is their identity."""
    chests = {side: [phantom.draw(seed, False, (side, side)) for seed in range(CHESTS)] for side in sides}
    found = {}
    for number in range(first, first + count):
        side, kind = sides[number % len(sides)], KINDS[number // len(sides) % len(KINDS)]
        found[f"{number // 500}/{number}{kind}"] = file_of(marked(chests[side][number % CHESTS], number), kind, number)
    return found


def from_folder(folder: Path, count: int) -> dict[str, bytes]:
    """{name: bytes} of the first films below a folder."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix.lower() in SUFFIXES]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths[:count]}


def marked(chest, number):
    """The picture with the number's own 16 x 16 dots in its corner: another film."""
    picture = chest.copy()
    picture[:16, :16] = np.random.default_rng(number).integers(0, 256, (16, 16))
    return picture


def file_of(picture, kind, number):
    """The bytes of (h, w) uint8 as a file of one of KINDS."""
    if kind == ".dcm":
        high, wide = picture.shape
        return films.dicom(number, Rows=high, Columns=wide, PixelData=picture.tobytes())
    out = io.BytesIO()
    Image.fromarray(picture).save(out, {".jpg": "JPEG", ".png": "PNG"}[kind], quality=90)  # a PNG asks for none
    return out.getvalue()
