"""DICOM (CR, DX; uncompressed and RLE) to a film."""

import dataclasses
import io
import warnings

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.pixels import apply_modality_lut
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from ml.pixels import tags, voi
from ml.pixels.film import Film, Header, Unreadable, check_content, check_size

READABLE = {ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless}
MODALITIES = ("CR", "DX")
CHEST = ("CHEST", "THORAX", "LUNG")
MAX_ELEMENTS = 10_000
PREFIX = slice(128, 132)  # where a DICOM file says so; bytes without it are not guessed at


def is_dicom(data: bytes) -> bool:
    return data[PREFIX] == b"DICM"


def read(data: bytes) -> Film:
    """A film from the bytes of a DICOM file; raises Unreadable."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's remarks may quote values, and values are patient data
        syntax = _transfer_syntax(data)
        dataset = _parse(data)
        header = tags.header(dataset, str(syntax))
        _check_domain(header)
        _check_pixel_module(dataset, header)
        values, padding = _values(dataset)
    return _film(dataset, header, values, padding)


def _transfer_syntax(data: bytes) -> UID:
    """From the file meta alone: dcmread inflates a deflated file before it can be asked (1.5 MB gave 2.9 GB)."""
    stream = io.BytesIO(data)
    stream.seek(PREFIX.stop)
    try:
        meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag.group != 2)
        syntax = UID(str(meta.get("TransferSyntaxUID", "") or ""))
    except Exception:  # pydicom raises many types on damaged bytes
        raise Unreadable("malformed_dicom", "The DICOM file meta information is damaged.") from None
    if syntax not in READABLE:
        raise Unreadable("transfer_syntax", f"The DICOM transfer syntax is not supported yet: {_named(syntax)}.")
    return syntax


def _named(syntax: UID) -> str:
    """Its name and number; a private or garbled one by what is printable of it."""
    number = "".join(c for c in syntax if c in "0123456789.")[:64]
    return f"{syntax.name} ({number})" if syntax.is_transfer_syntax else number or "none stated"


def _parse(data: bytes) -> Dataset:
    try:
        dataset = dcmread(io.BytesIO(data))
        len(dataset)
    except MemoryError:
        raise
    except EOFError:
        raise Unreadable("truncated", "The DICOM file ends too early: it is incomplete.") from None
    except Exception:  # as above
        raise Unreadable("malformed_dicom", "The DICOM file is damaged.") from None
    if not len(dataset) or len(dataset) > MAX_ELEMENTS:
        raise Unreadable("malformed_dicom", "The DICOM file has no readable header, or an absurdly long one.")
    return dataset


def _check_domain(header: Header) -> None:
    if header.modality not in MODALITIES:
        named = f'"{header.modality[:16]}"' if header.modality else "empty"
        raise Unreadable("unsupported_modality", f"The modality is {named}; chest radiographs are CR or DX.")
    if header.body_part and not any(word in header.body_part for word in CHEST):
        raise Unreadable("unsupported_body_part", "The body part examined is not the chest.")
    if header.frames > 1:
        raise Unreadable("multiframe", "The DICOM file holds several frames; send single pictures.")


def _check_pixel_module(dataset: Dataset, header: Header) -> None:
    """What must hold before a pixel is decoded."""
    if not _has_pixels(dataset):
        raise Unreadable("no_pixels", "The DICOM file holds no picture.")
    check_size(header.rows, header.columns)
    if tags.number(dataset, "SamplesPerPixel", 1) != 1 or header.photometric not in (
        "MONOCHROME1",
        "MONOCHROME2",
    ):
        raise Unreadable("unsupported_photometric", "The DICOM picture is not a grey one (MONOCHROME1 or MONOCHROME2).")
    allocated, top = tags.number(dataset, "BitsAllocated"), tags.number(dataset, "HighBit", header.bits - 1)
    if allocated not in (8, 16) or not 1 <= header.bits <= allocated or top != header.bits - 1:
        raise Unreadable("unsupported_depth", "The DICOM picture is not stored with up to 16 plain bits a pixel.")


def _has_pixels(dataset: Dataset) -> bool:
    try:
        return bool(dataset.get("PixelData"))
    except Exception:  # an element that cannot be converted holds no picture
        return False


def _values(dataset: Dataset) -> tuple[np.ndarray, np.ndarray | None]:
    """((h, w) values after the modality LUT, mask of padding or None)."""
    try:
        stored = _stored(dataset)
        padding = tags.number(dataset, "PixelPaddingValue")
        mask = None if padding is None else stored == padding
        return _rescaled(dataset, stored), mask
    except MemoryError:
        raise  # says something of this process, not of the file
    except Exception as error:  # as above; pydicom says "less than expected" of short pixel data
        if "less than expected" in str(error):
            raise Unreadable("truncated", "The DICOM picture data is incomplete.") from None
        raise Unreadable("malformed_dicom", "The DICOM picture data is damaged.") from None


def _rescaled(dataset: Dataset, stored: np.ndarray) -> np.ndarray:
    """Modality LUT or rescale, in 32 bit: exact for 16-bit films, and a film of 64 MP fits in the child's memory."""
    if dataset.get("ModalityLUTSequence"):
        return apply_modality_lut(stored, dataset)
    slope, intercept = tags.number(dataset, "RescaleSlope", 1.0) or 1.0, tags.number(dataset, "RescaleIntercept", 0.0)
    if (slope, intercept) == (1, 0):
        return stored
    return stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)


def _stored(dataset: Dataset) -> np.ndarray:
    """(h, w) stored values without what lies in the unused bits above them (old overlays, garbage)."""
    stored, bits = dataset.pixel_array, int(dataset.BitsStored)
    unused = 8 * stored.dtype.itemsize - bits
    return np.right_shift(np.left_shift(stored, unused), unused)  # arithmetic: keeps the sign of signed values


def _film(dataset: Dataset, header: Header, values: np.ndarray, padding: np.ndarray | None) -> Film:
    pixels, bits, offset, scale = _to_uint16(values, header.bits)
    window = voi.window(dataset)
    if window:
        window = ((window[0] - offset) * scale, window[1] * scale)
    windowed = voi.apply(dataset, values, pixels, window, padding)
    if header.photometric == "MONOCHROME1" or tags.text(dataset, "PresentationLUTShape").upper() == "INVERSE":
        top = 2**bits - 1
        pixels, windowed = np.uint16(top) - pixels, np.subtract(1, windowed, out=windowed)
        window = window and (top + 1 - window[0], window[1])  # DICOM's centre lies half a step off the middle
    if padding is not None:
        pixels[padding], windowed[padding] = 0, 0
    check_content(pixels)
    return Film(dataclasses.replace(header, bits=bits), pixels, bits, window, windowed.astype(np.float32, copy=False))


def _to_uint16(values: np.ndarray, stored_bits: int) -> tuple[np.ndarray, int, float, float]:
    """(pixels, bits, offset, scale) with pixels = (values - offset) * scale, unchanged where they fit in 16 bits."""
    low, high = float(values.min()), float(values.max())
    offset = min(0.0, low)
    integers = values.dtype.kind in "iu" or bool(np.all(values == np.rint(values)))
    whole = integers and high - offset <= 65535
    scale = 1.0 if whole or high == offset else 65535 / (high - offset)
    shifted = values if (offset, scale) == (0, 1) else np.rint((values.astype(np.float32) - offset) * scale)
    pixels = np.array(shifted, dtype=np.uint16)
    return pixels, max(8, stored_bits, int(pixels.max()).bit_length()), offset, scale
