"""DICOM files with pixel data that nobody should send, and with some that everybody does."""

import io
import struct

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import (
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from tests.catalogue.dicoms import changed, element, encapsulated, film, plain
from tests.catalogue.picture import CANARY, HIGH, WIDE, grey, plain_jpeg, stream


def short_by(count):
    """The pixel data ends that many bytes too early, and so does the file; its length says so, be it odd."""
    data = grey().astype(np.uint8).tobytes()[:-count]
    return changed(remove=["PixelData"]) + element(0x7FE0, 0x0010, b"OB", data)


def cut(percent):
    return plain()[: len(plain()) * percent // 100]


def frames(said, held, pixels=None):
    picture = grey().astype(np.uint8).tobytes()
    return changed(NumberOfFrames=said, PixelData=picture * held)


def vast_jpeg2000(side=8000):
    """A JPEG 2000 stream that says it is `side` pixels a side, under a header that does not."""
    data = bytearray(film(syntax=JPEG2000Lossless))
    at = data.index(b"\xff\x4f\xff\x51")
    struct.pack_into(">2I", data, at + 8, side, side)
    struct.pack_into(">2I", data, at + 24, side, side)  # one tile
    return bytes(data)


def signed():
    """Signed 12 bits with an intercept."""
    return film(grey(4095).astype(np.int16) - 2048, 12, RescaleSlope=1, RescaleIntercept=2048)


def littered():
    """12 bits, and garbage in the four above them."""
    noise = np.random.default_rng(1).integers(0, 16, grey().shape).astype(np.uint16) << 12
    return film(grey(4095) | noise, 12)


def monochrome1(bits=8):
    return film(2**bits - 1 - grey(2**bits - 1), bits, PhotometricInterpretation="MONOCHROME1")


def inverse_shape():
    return film(255 - grey(), PresentationLUTShape="INVERSE")


def voi_table(entries=256, said=None, top=255):
    """A VOI LUT that is a straight line; `said` entries are declared."""
    table = Dataset()
    table.LUTDescriptor = [entries if said is None else said, 0, 8]
    table.LUTData = np.linspace(0, top, entries).astype(np.uint16).tobytes()
    table["LUTData"].VR = "OW"
    return film(VOILUTSequence=[table])


def palette(entries=16, index=200):
    """PALETTE COLOR with `entries` colours, and pixels that ask for others."""
    tables = {}
    for colour in ("Red", "Green", "Blue"):
        tables[f"{colour}PaletteColorLookupTableDescriptor"] = [entries, 0, 8]
        tables[f"{colour}PaletteColorLookupTableData"] = bytes(entries)
    return film(np.full((HIGH, WIDE), index, np.uint16), PhotometricInterpretation="PALETTE COLOR", **tables)


def colour(photometric):
    """Three samples a pixel; 4:2:2 holds two thirds of them."""
    samples = np.repeat(grey().astype(np.uint8)[..., None], 3, axis=2).tobytes()
    data = samples[: len(samples) * 2 // 3] if photometric.endswith("422") else samples
    return film(SamplesPerPixel=3, PlanarConfiguration=0, PhotometricInterpretation=photometric, PixelData=data)


def padded():
    """A border that the file calls padding."""
    pixels = grey(4095)
    pixels[:10] = pixels[-10:] = 4095
    return film(pixels, 12, PixelPaddingValue=4095)


def collimated():
    """A border of black."""
    pixels = grey(4095)
    pixels[:20] = pixels[-20:] = 0
    return film(pixels, 12)


DEEP = {"BitsAllocated": 16, "BitsStored": 12, "HighBit": 11}

# The same film in each compressed transfer syntax.
COMPRESSED = {
    "RLE": lambda: film(syntax=RLELossless),
    "JPEG baseline": lambda: encapsulated(JPEGBaseline8Bit, plain_jpeg()),
    "JPEG extended": lambda: encapsulated(JPEGExtended12Bit, stream("ramp12.jpeg51"), **DEEP),
    "JPEG lossless .57": lambda: encapsulated(JPEGLossless, stream("ramp8.jpeg57")),
    "JPEG lossless .70": lambda: encapsulated(JPEGLosslessSV1, stream("ramp12.jpeg70"), **DEEP),
    "JPEG-LS": lambda: film(syntax=JPEGLSLossless),
    "JPEG 2000": lambda: film(syntax=JPEG2000Lossless),
    "HTJ2K": lambda: encapsulated(HTJ2KLossless, stream("ramp8.htj2k")),
}


def telling(name):
    """A name in the comments and behind the picture of a compressed stream, and behind plain pixels."""
    word = CANARY.encode()
    comment = struct.pack(">H", len(word) + 2) + word
    if name == "plain":
        return changed(PixelData=grey().astype(np.uint8).tobytes() + word + b" ")
    if name == "JPEG 2000":
        whole, comment = _stream(film(syntax=JPEG2000Lossless)), b"\xff\x64" + struct.pack(">2H", 15, 1) + word
        at = 4 + struct.unpack_from(">H", whole, 4)[0]
        return encapsulated(JPEG2000Lossless, whole[:at] + comment + whole[at:])
    syntax = JPEGBaseline8Bit if name == "JPEG" else JPEGLSLossless
    whole = plain_jpeg() if name == "JPEG" else _stream(film(syntax=syntax))
    return encapsulated(syntax, whole[:2] + b"\xff\xfe" + comment + b"\xff\xe1" + comment + whole[2:] + word + b" ")


def _stream(data):
    return next(generate_frames(dcmread(io.BytesIO(data)).PixelData, number_of_frames=1))


def cut_stream(name):
    """The compressed stream ends at two thirds; everything around it is whole."""
    dataset = dcmread(io.BytesIO(COMPRESSED[name]()))
    (whole,) = generate_frames(dataset.PixelData, number_of_frames=1)
    depth = {keyword: dataset[keyword].value for keyword in DEEP}
    return encapsulated(dataset.file_meta.TransferSyntaxUID, whole[: len(whole) * 2 // 3 // 2 * 2], **depth)
