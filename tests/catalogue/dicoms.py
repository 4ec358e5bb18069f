"""A DICOM film of the catalogue's picture, and how one is changed element by element, or byte by byte."""

import io
import struct
import warnings
from functools import cache

from pydicom import dcmread
from pydicom.encaps import encapsulate as fragmented
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID, ExplicitVRLittleEndian, RLELossless

from tests.catalogue.picture import grey
from tests.ml import drawing

UIDS = {"SOPInstanceUID": "1.2.3.4", "StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3.1"}

CHEST = {"PatientID": "G1", "PatientName": "Film^Generated", "AccessionNumber": "A1", "StudyDate": "20240131"}

PREFIX_B = 132

ENDLESS = 0xFFFFFFFF


def film(pixels=None, bits=8, syntax=ExplicitVRLittleEndian, **tags):
    """A CR chest film of the catalogue's picture; `tags` add to or replace its elements, None removes one."""
    return drawing.dicom(grey() if pixels is None else pixels, bits, UID(syntax), **(UIDS | CHEST | tags))


@cache
def plain():
    return film()


def deep(bits=12, **tags):
    return film(grey(2**bits - 1), bits, **tags)


LONG = {b"OB", b"OW", b"SQ", b"UN", b"UT", b"OF"}


def element(group, number, vr, value=b"", length=None):
    """An element in explicit little endian; `length` says another one than it has."""
    length = len(value) if length is None else length
    if vr in LONG:
        return struct.pack("<2H2sHI", group, number, vr, 0, length) + value
    return struct.pack("<2H2sH", group, number, vr, length & 0xFFFF) + value


def item(data, length=None):
    return struct.pack("<2HI", 0xFFFE, 0xE000, len(data) if length is None else length) + data


def meta_end(data):
    """Where the file meta ends and the dataset begins."""
    at = PREFIX_B
    while data[at : at + 2] == b"\2\0":
        long = data[at + 4 : at + 6] in LONG
        (length,) = struct.unpack_from("<I" if long else "<H", data, at + (8 if long else 6))
        at += (12 if long else 8) + length
    return at


def spliced(raw, data=None):
    """A film with raw bytes between its file meta and its dataset."""
    data = data or plain()
    return data[: meta_end(data)] + raw + data[meta_end(data) :]


def changed(data=None, remove=(), **raw):
    """A film read again, with elements set by keyword as a Dataset takes them, and some removed."""
    dataset = dcmread(io.BytesIO(data or plain()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for keyword, value in raw.items():
            setattr(dataset, keyword, value)
        for keyword in remove:
            delattr(dataset, keyword)
        return drawing.written(dataset, dataset.file_meta.TransferSyntaxUID)


def declared(syntax, data=None):
    """A film whose file meta names another transfer syntax than the dataset is in."""
    data = data or plain()
    meta = dcmread(io.BytesIO(data), stop_before_pixels=True).file_meta
    meta.TransferSyntaxUID = UID(syntax)
    told = io.BytesIO()
    write_file_meta_info(told, meta, enforce_standard=False)
    return data[:PREFIX_B] + told.getvalue() + data[meta_end(data) :]


def encapsulated(syntax, *fragments, **tags):
    """A film of these fragments; the syntax may be one that does not exist."""
    dataset = dcmread(io.BytesIO(film(**tags)))
    dataset.PixelData = fragmented(list(fragments))
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    dataset.file_meta.TransferSyntaxUID = RLELossless
    return declared(syntax, drawing.written(dataset, RLELossless))
