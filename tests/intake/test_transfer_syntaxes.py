"""Each transfer syntax through the limited child: under its limits the codecs load, decode, refuse or die alone."""

import io
import random
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import (
    MPEG2MPML,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from ml import pixels
from screening import reasons, sandbox
from tests.ml.drawing import dicom, ramp, written

CODESTREAMS = Path(__file__).parent.parent / "ml" / "pixels" / "codestreams"
DEEP = ramp(top=4095)


def committed(name, syntax):
    return dicom(DEEP, 12, syntax, PixelData=encapsulate([(CODESTREAMS / name).read_bytes()]))


LOSSLESS = {
    "implicit little endian": dicom(DEEP, 12, ImplicitVRLittleEndian),
    "explicit big endian": dicom(DEEP, 12, ExplicitVRBigEndian),
    "deflated": dicom(DEEP, 12, DeflatedExplicitVRLittleEndian),
    "RLE": dicom(DEEP, 12, RLELossless),
    "JPEG-LS": dicom(DEEP, 12, JPEGLSLossless),
    "JPEG 2000": dicom(DEEP, 12, JPEG2000Lossless),
    "JPEG lossless .57": committed("ramp12.jpeg57", JPEGLossless),
    "JPEG lossless .70": committed("ramp12.jpeg70", JPEGLosslessSV1),
    "HTJ2K": committed("ramp12.htj2k", HTJ2KLossless),
}
COMPRESSED = {name: data for name, data in LOSSLESS.items() if "endian" not in name and name != "deflated"}
COMPRESSED["JPEG extended"] = committed("ramp12.jpeg51", JPEGExtended12Bit)


@pytest.fixture(scope="module", autouse=True)
def children():
    yield
    sandbox.close()


@pytest.mark.parametrize("name", LOSSLESS)
def test_each_lossless_syntax_is_one_film_whatever_it_is_packed_in(name):
    plain = pixels.content_hash(pixels.read(dicom(DEEP, 12)))
    with sandbox.decode(io.BytesIO(LOSSLESS[name])) as decoded:
        assert (decoded.facts["content_hash"], decoded.facts["flaw"], decoded.facts["bits"]) == (plain, "", 12)
        assert decoded.model_input


def test_a_film_that_cannot_be_decoded_yet_comes_with_its_header_and_without_pictures():
    with sandbox.decode(io.BytesIO(dicom(DEEP, 12, MPEG2MPML, PatientID="A1"))) as decoded:
        facts = decoded.facts
        assert (facts["flaw"], facts["content_hash"], decoded.model_input, decoded.viewing) == (
            "undecodable",
            "",
            b"",
            None,
        )
        assert facts["flaw_detail"].startswith("MPEG2 Main Profile")
        assert (facts["patient_id"], facts["rows"], facts["columns"], facts["bits"]) == ("A1", *DEEP.shape, 12)


@pytest.mark.parametrize("name", COMPRESSED)
def test_a_damaged_codestream_costs_its_own_file_and_no_other(name):
    rng, whole = random.Random(name), COMPRESSED[name]
    start = whole.index(bytes.fromhex("e07f1000"))
    for _ in range(12):
        damaged = bytearray(whole)
        for _ in range(6):
            damaged[rng.randrange(start + 40, len(damaged))] = rng.randrange(256)
        try:
            sandbox.decode(io.BytesIO(bytes(damaged))).__exit__()
        except sandbox.Refused as refused:
            assert refused.code in reasons.REASONS
    with sandbox.decode(io.BytesIO(whole)) as decoded:
        assert decoded.facts["flaw"] == ""


@pytest.mark.parametrize("share", [0.3, 0.95])
@pytest.mark.parametrize("name", COMPRESSED)
def test_a_codestream_that_ends_early_in_a_whole_file_is_a_damaged_one(name, share):
    film = dcmread(io.BytesIO(COMPRESSED[name]))
    stream = get_frame(film.PixelData, 0, number_of_frames=1)
    film.PixelData = encapsulate([stream[: int(len(stream) * share) & ~1]])
    with pytest.raises(sandbox.Refused) as refused:
        sandbox.decode(io.BytesIO(written(film, film.file_meta.TransferSyntaxUID)))
    assert refused.value.code in ("truncated", "malformed_dicom")


def test_the_model_is_given_the_same_grey_for_every_lossless_syntax():
    greys = []
    for data in LOSSLESS.values():
        with sandbox.decode(io.BytesIO(data)) as decoded:
            greys.append(decoded.model_input)
    assert len(set(greys)) == 1
