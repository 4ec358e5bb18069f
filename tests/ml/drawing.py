"""Files to feed to ml.pixels, made in memory."""

import io
import warnings

import numpy as np
from PIL import Image
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_encoder
from pydicom.uid import (
    JPEG2000,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
    generate_uid,
)

# Syntax: pydicom's name of the encoder.
ENCODERS = {
    RLELossless: "pydicom",
    JPEGLSLossless: "pyjpegls",
    JPEGLSNearLossless: "pyjpegls",
    JPEG2000Lossless: "pylibjpeg",
    JPEG2000: "pylibjpeg",
}
LOSSLESS = {RLELossless, JPEGLSLossless, JPEG2000Lossless}


def ramp(high: int = 200, wide: int = 160, top: int = 255) -> np.ndarray:
    """A picture that differs in each corner, so that no turn or inversion can hide; (h, w) uint16, 0..top."""
    rows, columns = np.mgrid[0:high, 0:wide]
    return np.rint(top * (0.8 * rows / (high - 1) + 0.2 * (columns / (wide - 1)) ** 2)).astype(np.uint16)


def png(picture, **options) -> bytes:
    out = io.BytesIO()
    picture = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    picture.save(out, "PNG", **({"compress_level": 1} | options))
    return out.getvalue()


def jpeg(picture, **options) -> bytes:
    out = io.BytesIO()
    picture = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    picture.save(out, "JPEG", **({"quality": 95} | options))
    return out.getvalue()


def dicom(pixels: np.ndarray, bits: int = 8, syntax=ExplicitVRLittleEndian, **tags) -> bytes:
    """A CR chest film around (h, w) stored values; `tags` add to or replace what is set here, None removes."""
    dataset = FileDataset(None, Dataset(), file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1", generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.Modality, dataset.BodyPartExamined, dataset.ViewPosition = "CR", "CHEST", "PA"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = 8 if bits <= 8 else 16
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    _set_pixels(dataset, pixels, syntax)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # many of these files are wrong on purpose
        for keyword, value in tags.items():
            dataset.pop(keyword, None) if value is None else setattr(dataset, keyword, value)
        return written(dataset, syntax)


def encoded(pixels: np.ndarray, bits: int, syntax, **options) -> bytes:
    """The codestream of (h, w) stored values; `options` are pydicom's for that encoder."""
    layout = {
        "rows": pixels.shape[0],
        "columns": pixels.shape[1],
        "samples_per_pixel": 1,
        "photometric_interpretation": "MONOCHROME2",
        "bits_allocated": 8 if bits <= 8 else 16,
        "bits_stored": bits,
        "pixel_representation": int(pixels.dtype.kind == "i"),
        "number_of_frames": 1,
    }
    raw = pixels.astype(f"<{pixels.dtype.kind}{layout['bits_allocated'] // 8}").tobytes()
    return get_encoder(syntax).encode(raw, **layout, encoding_plugin=ENCODERS[syntax], **options)


def _set_pixels(dataset: Dataset, pixels: np.ndarray, syntax) -> None:
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    if syntax in LOSSLESS:
        raw = encapsulate([encoded(pixels, dataset.BitsStored, syntax)])
    else:
        raw = pixels.astype(f"{order}{pixels.dtype.kind}{dataset.BitsAllocated // 8}").tobytes()
        if syntax.is_encapsulated:
            raw = encapsulate([raw])  # not what it says: for files that are refused before anything is decoded
    dataset.add_new("PixelData", "OW" if dataset.BitsAllocated > 8 else "OB", raw)
    dataset["PixelData"].is_undefined_length = syntax.is_encapsulated


def written(dataset: FileDataset, syntax) -> bytes:
    out = io.BytesIO()
    implicit, little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
    dcmwrite(out, dataset, implicit_vr=implicit, little_endian=little)
    return out.getvalue()
