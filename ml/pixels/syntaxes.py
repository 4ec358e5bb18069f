"""DICOM transfer syntaxes: which of them become a picture here, and by whose decoder.

One decoder a syntax, named, so that a film is the same picture on every machine. None is under the GPL; GDCM decodes
what nothing else does. A codec whose package is not installed makes its films undecodable, not bad.
"""

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels import get_decoder, pixel_array
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

NATIVE = {ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}
# Syntax: pydicom's name of the decoder.
DECODERS = {
    RLELossless: "pydicom",
    JPEGBaseline8Bit: "pillow",
    JPEGExtended12Bit: "gdcm",
    JPEGLossless: "gdcm",
    JPEGLosslessSV1: "gdcm",
    JPEGLSLossless: "pyjpegls",
    JPEGLSNearLossless: "pyjpegls",
    JPEG2000Lossless: "pylibjpeg",
    JPEG2000: "pylibjpeg",
    HTJ2KLossless: "pylibjpeg",
    HTJ2KLosslessRPCL: "pylibjpeg",
    HTJ2K: "pylibjpeg",
}

# Those that this pydicom does not know yet (PS3.5 of 2024c).
NAMES = {
    "1.2.840.10008.1.2.4.110": "JPEG XL Lossless",
    "1.2.840.10008.1.2.4.111": "JPEG XL JPEG Recompression",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
}


def decodable(syntax: UID) -> bool:
    """Whether pictures in this syntax can be decoded on this machine."""
    if syntax in NATIVE:
        return True
    return syntax in DECODERS and DECODERS[syntax] in get_decoder(syntax).available_plugins


def number(syntax: UID) -> str:
    """What is a UID in it: a garbled one may hold anything."""
    return "".join(c for c in syntax if c in "0123456789.")[:64]


def named(syntax: UID) -> str:
    """Its name and number; a private or garbled one by its number alone."""
    name = NAMES.get(syntax) or (syntax.name if syntax.is_transfer_syntax and not syntax.is_private else "")
    return f"{name} ({number(syntax)})" if name and name != syntax else number(syntax) or "none stated"


def decode(dataset: Dataset, syntax: UID) -> np.ndarray:
    """(h, w) stored values of the first frame; raises what pydicom and its decoders raise."""
    if syntax == JPEGExtended12Bit:
        # pydicom keeps GDCM from 12 bits under this name, though it decodes them: its codec asks the codestream.
        dataset.file_meta.TransferSyntaxUID = JPEGLossless
    dataset.setdefault("SamplesPerPixel", 1)  # left out by some; all that come here are grey
    return pixel_array(dataset, index=0, raw=True, decoding_plugin=DECODERS.get(syntax, ""))


def used(stored: np.ndarray, bits: int) -> np.ndarray:
    """Stored values (integers) without what lies in the bits above their lowest `bits`: old overlays, garbage."""
    unused = 8 * stored.dtype.itemsize - bits
    return np.right_shift(np.left_shift(stored, unused), unused)  # arithmetic: keeps the sign of signed values
