"""DICOM files with headers that nobody should send, made in memory: small on disk."""

import io
import struct
import zlib
from functools import cache

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from tests.catalogue.dicoms import ENDLESS, PREFIX_B, changed, declared, element, film, item, meta_end, plain, spliced
from tests.catalogue.picture import CANARY
from tests.ml import drawing


def preamble(begins):
    return begins.ljust(128, b"\0") + plain()[128:]


def without_prefix(data=None):
    return (data or plain())[PREFIX_B:]


def deflated(data=None):
    """The film, deflated."""
    data = declared(DeflatedExplicitVRLittleEndian, data or plain())
    return _deflate(data)


def _deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(data[meta_end(data) :]) + packer.flush()
    return data[: meta_end(data)] + body + b"\0" * (len(body) % 2)


@cache
def deflated_bomb(megabytes=1500):
    """A film with one private element of zeros, which deflate to a thousandth."""
    data = declared(DeflatedExplicitVRLittleEndian, plain())
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    begins = packer.compress(element(0x0009, 0x1001, b"OB", length=megabytes * 2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    ends = packer.compress(data[meta_end(data) :]) + packer.flush()
    return data[: meta_end(data)] + begins + block * megabytes + ends


def nested(depth):
    """Sequences of undefined length, one in another."""
    begins = element(0x0008, 0x1140, b"SQ", length=ENDLESS) + item(b"", ENDLESS)
    ends = struct.pack("<2HI", 0xFFFE, 0xE00D, 0) + struct.pack("<2HI", 0xFFFE, 0xE0DD, 0)
    return spliced(begins * depth + ends * depth)


def many_elements(count):
    numbers = ((0x0009 + 2 * (n // 0xF000), 0x1000 + n % 0xF000) for n in range(count))
    return spliced(b"".join(element(group, number, b"SH") for group, number in numbers))


def huge_tag(megabytes):
    return spliced(element(0x0009, 0x1001, b"OB", bytes(megabytes * 2**20)))


def many_items(count):
    return spliced(element(0x0008, 0x1140, b"SQ", item(b"") * count))


def odd_meta():
    """A VR that does not exist in the file meta."""
    return spliced(element(2, 0x0102, b"ZZ", b"odd value "))


def overlong(length, vr=b"OB"):
    """An element of which less is there than it says."""
    return spliced(element(0x0009, 0x1001, vr, b"1234", length))


def rows_as_long(rows):
    """Rows as an unsigned long."""
    data = changed(remove=["Rows"])
    return spliced(element(0x0028, 0x0010, b"UL", struct.pack("<I", rows)), data)


def named(raw, charset=b"ISO 2022 IR 87"):
    """A patient name of raw bytes under a character set, as no library would write it."""
    raw += b" " * (len(raw) % 2)
    data = changed(remove=["PatientName"])
    parts = element(0x0008, 0x0005, b"CS", charset + b" " * (len(charset) % 2)) + element(0x0010, 0x0010, b"PN", raw)
    return spliced(parts, data)


def texts(keyword, value):
    return film(**{keyword: value})


def hidden():
    """A name in private elements, comments, an overlay, a curve and a thumbnail."""
    name, dataset = CANARY.encode(), dcmread(io.BytesIO(plain()))
    dataset.PatientComments = dataset.ImageComments = CANARY
    block = dataset.private_block(0x0011, CANARY, create=True)
    block.add_new(1, "LO", CANARY)
    dataset.add_new((0x6000, 0x0022), "LO", CANARY)
    dataset.add_new((0x6000, 0x3000), "OW", name * 2)
    dataset.add_new((0x5000, 0x3000), "OW", name * 2)
    icon = Dataset()
    icon.Rows, icon.Columns, icon.PixelData = 2, 11, name * 2
    icon["PixelData"].VR = "OB"
    dataset.IconImageSequence = [icon]
    return drawing.written(dataset, ExplicitVRLittleEndian)


def no_picture(sop_class, **tags):
    """A DICOM object of another kind: no pixels."""
    gone = dict.fromkeys(("Rows", "Columns", "PixelData", "BitsAllocated", "BitsStored", "HighBit", "BodyPartExamined"))
    return film(SOPClassUID=sop_class, MediaStorageSOPClassUID=None, **(gone | tags))
