"""DICOM (CR, DX) to a film."""

import dataclasses
import io
import warnings
import zlib

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame, parse_fragments
from pydicom.filereader import read_dataset
from pydicom.pixels import apply_modality_lut
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, RLELossless

from ml.pixels import codestream, syntaxes, tags, voi
from ml.pixels.film import Film, Header, Unreadable, check_size, is_blank

MODALITIES = ("CR", "DX")
CHEST = ("CHEST", "THORAX", "LUNG")
MAX_ELEMENTS = 10_000
# A deflated file may hold a film of 64 megapixels of 16 bits and its header, and no more.
MAX_INFLATED_B = 160 * 2**20
META = 132  # where the file meta information begins
# The preamble is the sender's to fill. A program or a TIFF in it makes one file two things (CVE-2019-11687).
PROGRAMS = (b"MZ", b"\x7fELF", b"II*\0", b"MM\0*", b"#!", b"\xca\xfe\xba\xbe")
PROGRAMS += (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe")


def read(data: bytes) -> Film:
    """A film from the bytes of a DICOM file; raises Unreadable."""
    if data.startswith(PROGRAMS):
        raise Unreadable("executable_preamble", "The DICOM file begins like a program or another kind of file.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's remarks may quote values, and values are patient data
        dataset, syntax = parsed(data)
        header = tags.header(dataset, syntaxes.number(syntax))
        _check_domain(header)
        _check_pixel_module(dataset, header)
        if not syntaxes.decodable(syntax):
            return Film(header, None, header.bits, None, None, "undecodable", syntaxes.named(syntax)[:120])
        _check_frames(dataset, header, syntax)
        values, padding = _values(dataset, syntax)
    return _film(dataset, header, values, padding)


def parsed(data: bytes) -> tuple[Dataset, UID]:
    """(dataset, transfer syntax). A deflated file is inflated here, up to a limit: dcmread knows none."""
    stream = io.BytesIO(data)
    stream.seek(META)
    try:
        meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag.group != 2)
        syntax = UID(str(meta.get("TransferSyntaxUID", "") or ""))
    except MemoryError:
        raise
    except Exception:  # pydicom raises many types on damaged bytes
        raise Unreadable("malformed_dicom", "The DICOM file meta information is damaged.") from None
    if syntax == DeflatedExplicitVRLittleEndian:
        dataset = _parse(lambda: read_dataset(io.BytesIO(_inflated(data[stream.tell() :])), False, True))
        dataset.file_meta = meta
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
    else:
        dataset = _parse(lambda: dcmread(io.BytesIO(data)))
    return dataset, syntax


def _inflated(packed: bytes) -> bytes:
    """Raises Unreadable for what unpacks to more than any film, or not at all."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    whole = inflater.decompress(packed, MAX_INFLATED_B)
    if inflater.unconsumed_tail:
        raise Unreadable("inflates_too_large", "The deflated DICOM file unpacks to more than any film holds.")
    if not inflater.eof:
        raise EOFError
    return whole


def _parse(parse) -> Dataset:
    try:
        dataset = parse()
        len(dataset)
    except (MemoryError, Unreadable):
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
    if allocated not in (8, 16, 32) or not 1 <= header.bits <= min(allocated, 16) or top != header.bits - 1:
        raise Unreadable("unsupported_depth", "The DICOM picture is not stored with up to 16 plain bits a pixel.")


def _has_pixels(dataset: Dataset) -> bool:
    try:
        return bool(dataset.get("PixelData"))
    except Exception:  # an element that cannot be converted holds no picture
        return False


def _check_frames(dataset: Dataset, header: Header, syntax: UID) -> None:
    """Raise Unreadable unless all the frames that the header counts are there, and the first one is as it says."""
    try:
        if syntax in syntaxes.NATIVE:
            frame = header.rows * header.columns * int(dataset.BitsAllocated) // 8
            complete = header.frames == 1 or len(dataset.PixelData) >= header.frames * frame
        else:
            complete = parse_fragments(dataset.PixelData)[0] - 1 >= header.frames  # the first is the offset table
            if complete and syntax != RLELossless:
                first = get_frame(dataset.PixelData, 0, number_of_frames=header.frames)
                complete = _fits(codestream.frame(first), header, int(dataset.BitsAllocated))
    except MemoryError:
        raise
    except Exception:  # as above
        complete = False
    if not complete:
        raise Unreadable("malformed_dicom", "The DICOM picture data is not what the header says.")


def _fits(frame: codestream.Frame, header: Header, allocated: int) -> bool:
    """Whether a codestream is what the header says: its values fit in BitsStored, or it packs whole stored words.

    Decoders allocate by the codestream, and values of more bits than are stored would be cut to noise.
    """
    deep = frame.bits <= header.bits or frame.bits == allocated
    return deep and allocated <= 16 and frame[:3] == (header.rows, header.columns, 1)


def _values(dataset: Dataset, syntax: UID) -> tuple[np.ndarray, np.ndarray | None]:
    """((h, w) values of the first frame after the modality LUT, mask of padding or None)."""
    try:
        stored = _stored(dataset, syntax)
        return _rescaled(dataset, stored), _padding(dataset, stored)
    except MemoryError:
        raise  # says something of this process, not of the file
    except Exception as error:  # as above; pydicom says "less than expected" of short pixel data
        if "less than expected" in str(error):
            raise Unreadable("truncated", "The DICOM picture data is incomplete.") from None
        raise Unreadable("malformed_dicom", "The DICOM picture data is damaged.") from None


def _padding(dataset: Dataset, stored: np.ndarray) -> np.ndarray | None:
    """(h, w) bool of what is no part of the film (PS3.3, C.7.5.1.1.2), or None."""
    value = tags.number(dataset, "PixelPaddingValue")
    if value is None:
        return None
    low, high = sorted((value, tags.number(dataset, "PixelPaddingRangeLimit", value)))
    return (stored >= low) & (stored <= high)


def _rescaled(dataset: Dataset, stored: np.ndarray) -> np.ndarray:
    """Modality LUT or rescale, in 32 bit: exact for 16-bit films, and a film of 64 MP fits in the child's memory."""
    if dataset.get("ModalityLUTSequence"):
        return apply_modality_lut(stored, dataset)
    slope, intercept = tags.number(dataset, "RescaleSlope", 1.0) or 1.0, tags.number(dataset, "RescaleIntercept", 0.0)
    if (slope, intercept) == (1, 0):
        return stored
    return stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)


def _stored(dataset: Dataset, syntax: UID) -> np.ndarray:
    """(h, w) stored values without what lies in the unused bits above them (old overlays, garbage)."""
    return syntaxes.used(syntaxes.decode(dataset, syntax), int(dataset.BitsStored))


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
    flaw, detail = ("multiframe", f"{header.frames} pictures") if header.frames > 1 else ("", "")
    if not flaw and is_blank(pixels):
        flaw = "no_content"
    header = dataclasses.replace(header, bits=bits)
    return Film(header, pixels, bits, window, windowed.astype(np.float32, copy=False), flaw, detail)


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
