"""Every transfer syntax that films come in, and what becomes of those that cannot be decoded."""

import zlib
from pathlib import Path

import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    MPEG2MPML,
    DeflatedExplicitVRLittleEndian,
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

from ml import pixels
from ml.pixels import codestream, syntaxes
from tests.ml.drawing import dicom, encoded, jpeg, ramp
from tests.ml.pixels.test_raster import code_of

GREY = ramp().astype(np.uint8)
# Encoded here, by what FirstRead decodes with.
LOSSLESS = [DeflatedExplicitVRLittleEndian, JPEGLSLossless, JPEG2000Lossless, RLELossless]
# Encoded once, by dcmtk and OpenJPH, from `ramp`: nothing that is installed with FirstRead encodes these.
CODESTREAMS = Path(__file__).with_name("codestreams")
SIGNED = (ramp(top=4000).astype(np.int32) - 2000).astype(np.int16)


def kept(name, bits, syntax, **tags):
    """The film around a committed codestream."""
    stream = (CODESTREAMS / name).read_bytes()
    return dicom(ramp(), bits, syntax, PixelData=encapsulate([stream]), **tags)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda s: s.name)
def test_each_lossless_syntax_gives_the_same_pixels(syntax, bits):
    grey = ramp(top=2**bits - 1)
    film = pixels.read(dicom(grey, bits, syntax))
    assert np.array_equal(film.pixels, grey)
    assert (film.header.transfer_syntax, film.flaw) == (syntax, "")


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize(("syntax", "end"), [(JPEGLossless, "jpeg57"), (JPEGLosslessSV1, "jpeg70")])
def test_lossless_jpeg_gives_the_same_pixels(syntax, end, bits):
    film = pixels.read(kept(f"ramp{bits}.{end}", bits, syntax))
    assert np.array_equal(film.pixels, ramp(top=2**bits - 1))


@pytest.mark.parametrize("syntax", [HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K], ids=lambda s: s.name)
@pytest.mark.parametrize("bits", [8, 12])
def test_htj2k_is_decoded(syntax, bits):
    film = pixels.read(kept(f"ramp{bits}.htj2k", bits, syntax))
    assert np.array_equal(film.pixels, ramp(top=2**bits - 1))


@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda s: s.name)
def test_signed_values_keep_their_sign_in_each_lossless_syntax(syntax):
    assert np.array_equal(pixels.read(dicom(SIGNED, 12, syntax)).pixels, ramp(top=4000))


@pytest.mark.parametrize(("syntax", "end"), [(JPEGLossless, "jpeg57"), (JPEGLosslessSV1, "jpeg70")])
def test_signed_values_keep_their_sign_in_lossless_jpeg(syntax, end):
    film = pixels.read(kept(f"signed12.{end}", 12, syntax, PixelRepresentation=1))
    assert np.array_equal(film.pixels, ramp(top=4000))


def test_an_extended_jpeg_of_12_bits_is_the_same_picture_but_for_its_loss():
    film = pixels.read(kept("ramp12.jpeg51", 12, JPEGExtended12Bit))
    assert (film.flaw, film.header.transfer_syntax) == ("", JPEGExtended12Bit)
    assert np.abs(film.pixels.astype(int) - ramp(top=4095)).max() <= 16


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEGExtended12Bit], ids=lambda s: s.name)
def test_a_jpeg_of_8_bits_is_the_same_picture_but_for_its_loss(syntax):
    film = pixels.read(dicom(GREY, 8, syntax, PixelData=encapsulate([jpeg(GREY)])))
    assert np.abs(film.pixels.astype(int) - GREY).max() <= 4


@pytest.mark.parametrize(("syntax", "options"), [(JPEG2000, {"j2k_cr": [10]}), (JPEGLSNearLossless, {"jls_error": 3})])
def test_a_lossy_syntax_gives_the_same_picture_but_for_its_loss(syntax, options):
    stream = encoded(ramp(top=4095), 12, syntax, **options)
    film = pixels.read(dicom(ramp(top=4095), 12, syntax, PixelData=encapsulate([stream])))
    assert 0 < np.abs(film.pixels.astype(int) - ramp(top=4095)).max() <= 64


@pytest.mark.parametrize(
    ("syntax", "named"),
    [
        ("1.2.840.10008.1.2.4.110", "JPEG XL Lossless (1.2.840.10008.1.2.4.110)"),
        (str(MPEG2MPML), "MPEG2 Main Profile / Main Level (1.2.840.10008.1.2.4.100)"),
        ("1.2.3.4.5", "1.2.3.4.5"),
    ],
)
def test_what_cannot_be_decoded_yet_is_told_by_name_with_what_its_header_says(syntax, named):
    data = dicom(GREY, syntax=MPEG2MPML).replace(MPEG2MPML.encode() + b"\0", syntax.encode().ljust(24, b"\0"))
    film = pixels.read(data)
    assert (film.flaw, film.flaw_detail, film.pixels) == ("undecodable", named, None)
    assert (film.header.rows, film.header.columns, film.header.modality) == (*GREY.shape, "CR")


def test_a_codec_that_is_not_installed_makes_its_films_undecodable_and_not_bad(monkeypatch):
    monkeypatch.setitem(syntaxes.DECODERS, JPEGLSLossless, "absent")
    assert pixels.read(dicom(GREY, syntax=JPEGLSLossless)).flaw == "undecodable"


@pytest.mark.parametrize("syntax", LOSSLESS[1:], ids=lambda s: s.name)
def test_damaged_pictures_in_a_syntax_that_is_decoded_are_refused(syntax):
    data = dicom(GREY, syntax=syntax)
    at = data.index(bytes.fromhex("e07f1000"))
    assert code_of(data[: at + 60]) in ("truncated", "malformed_dicom")


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless], ids=lambda s: s.name)
def test_a_codestream_of_another_size_than_the_header_says_is_refused_before_it_is_decoded(syntax, monkeypatch):
    monkeypatch.setattr(syntaxes, "decode", lambda *_: pytest.fail("it was decoded"))
    assert code_of(dicom(GREY, syntax=syntax, Rows=512, Columns=512)) == "malformed_dicom"


@pytest.mark.parametrize(("allocated", "stored"), [(8, 8), (16, 8), (16, 10), (32, 12)])
@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless], ids=lambda s: s.name)
def test_a_codestream_of_more_bits_than_the_header_says_is_refused(syntax, allocated, stored):
    data = dicom(ramp(top=4095), 12, syntax, BitsAllocated=allocated, BitsStored=stored, HighBit=stored - 1)
    assert code_of(data) == "malformed_dicom"


def test_a_codestream_of_whole_stored_words_may_hold_fewer_bits():
    film = pixels.read(dicom(ramp(top=4095), 16, JPEGLSLossless, BitsStored=12, HighBit=11))
    assert np.array_equal(film.pixels, ramp(top=4095))


def test_a_codestream_tells_its_size_and_depth():
    # dcmtk and OpenJPH pack whole words.
    for name, bits in (("ramp8.jpeg57", 8), ("ramp12.jpeg70", 16), ("ramp12.jpeg51", 12), ("ramp12.htj2k", 16)):
        frame = codestream.frame((CODESTREAMS / name).read_bytes())
        assert frame == (*GREY.shape, 1, bits)


@pytest.mark.parametrize("frames", [2, 100_000])
@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, ImplicitVRLittleEndian], ids=lambda s: s.name)
def test_frames_that_are_counted_and_not_there_make_the_file_a_damaged_one(syntax, frames):
    assert code_of(dicom(GREY, syntax=syntax, NumberOfFrames=frames)) == "malformed_dicom"


def test_a_deflated_bomb_is_refused_before_it_is_inflated_whole():
    data = dicom(GREY, syntax=DeflatedExplicitVRLittleEndian)
    packed = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = packed.compress(bytes(300 * 2**20)) + packed.flush()
    uid = DeflatedExplicitVRLittleEndian.encode()
    assert len(bomb) < 400_000
    assert code_of(data[: data.index(uid) + len(uid)] + bomb) == "inflates_too_large"


def test_a_deflated_file_that_ends_early_is_refused():
    data = dicom(GREY, syntax=DeflatedExplicitVRLittleEndian)
    assert code_of(data[:-20]) in ("truncated", "malformed_dicom")


@pytest.mark.parametrize(
    "stream", [b"", b"\xff\xd8", b"\xff\xd8\xff\xc0\0", b"\xff\x4f\xff\x51\0", b"no picture", b"\xff\xd8abc"]
)
def test_a_codestream_without_a_size_is_no_codestream(stream):
    with pytest.raises(ValueError, match=r"codestream|marker"):
        codestream.frame(stream)
