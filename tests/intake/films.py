"""Small generated films of every kind that intake meets: bytes in memory, the same for the same seed. None is real."""

import io
import struct
import warnings
import zipfile
from functools import cache

import numpy as np
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

DX = UID("1.2.840.10008.5.1.4.1.1.1.1")


@cache
def grey(seed=0, side=160):
    """(side, side) uint8: a soft gradient with noise, another for each seed."""
    noise = np.random.default_rng(seed).normal(0, 10, (side, side))
    return np.clip(np.linspace(30, 220, side)[:, None] + noise, 0, 255).astype(np.uint8)


def _saved(picture, format, **options):
    out = io.BytesIO()
    Image.fromarray(picture).save(out, format, **options)
    return out.getvalue()


def jpeg(seed=0, side=160):
    return _saved(grey(seed, side), "JPEG", quality=90)


def png(seed=0, side=160):
    return _saved(grey(seed, side), "PNG")


def flat_png():
    return _saved(np.full((160, 160), 128, np.uint8), "PNG")


def truncated_jpeg():
    whole = jpeg(99)
    return whole[: len(whole) * 2 // 3]


def dicom(seed=0, *, study_uid=None, sop_uid=None, side=160, **tags):
    """An uncompressed DX of one picture. `tags` overrides or adds elements by keyword; None removes one."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DX
    meta.MediaStorageSOPInstanceUID = sop_uid or generate_uid(entropy_srcs=["sop", str(seed), str(study_uid)])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    pixels = grey(seed, side)
    elements = {
        "SOPClassUID": DX, "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "StudyInstanceUID": study_uid or generate_uid(entropy_srcs=["study", str(seed)]),
        "SeriesInstanceUID": generate_uid(entropy_srcs=["series", str(seed)]),
        "Modality": "DX", "BodyPartExamined": "CHEST", "ViewPosition": "PA", "PatientName": "Film^Generated",
        "PatientID": "G1", "PatientBirthDate": "20200101", "PatientSex": "O", "StudyDate": "20240131",
        "StudyTime": "101500", "AccessionNumber": f"A{seed}", "StudyDescription": "Chest", "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2", "Rows": side, "Columns": side, "BitsAllocated": 8,
        "BitsStored": 8, "HighBit": 7, "PixelRepresentation": 0, "PixelData": pixels.tobytes(),
    }  # fmt: skip
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # values that the standard does not allow are meant
        for keyword, value in (elements | tags).items():
            if value is not None:
                setattr(film, keyword, value)
        film.save_as(out, enforce_file_format=True)
    return out.getvalue()


def undecodable(seed=0, **tags):
    """A film in a syntax that is known and not decoded: MPEG2."""
    return dicom(seed, **tags).replace(b"UI\x14\x001.2.840.10008.1.2.1\0", b"UI\x18\x001.2.840.10008.1.2.4.100\0")


def archive(entries, method=zipfile.ZIP_DEFLATED):
    """A ZIP of {name or ZipInfo: bytes}."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packed:
        for name, data in entries.items() if isinstance(entries, dict) else entries:
            packed.writestr(name, data)
    return out.getvalue()


def encrypted(packed):
    """The ZIP with the encryption bit set on every entry, in the local headers and the directory."""
    packed = bytearray(packed)
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = -1
        while (at := packed.find(signature, at + 1)) >= 0:
            packed[at + offset] |= 1
    return bytes(packed)


def overlapping(packed):
    """The ZIP with every directory record pointing at the first entry: many names, one body."""
    packed = bytearray(packed)
    at = -1
    while (at := packed.find(b"PK\1\2", at + 1)) >= 0:
        packed[at + 42 : at + 46] = struct.pack("<I", 0)
    return bytes(packed)


def forged_size(packed, declared):
    """The ZIP with another uncompressed size declared for every entry."""
    packed = bytearray(packed)
    for signature, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        at = -1
        while (at := packed.find(signature, at + 1)) >= 0:
            packed[at + offset : at + offset + 4] = struct.pack("<I", declared)
    return bytes(packed)
