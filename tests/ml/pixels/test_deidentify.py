"""De-identification: no name survives it, the picture and what sorts it do."""

import dataclasses
import io
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.datadict import DicomDictionary, tag_for_keyword
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels import pixel_array
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from ml import pixels
from ml.pixels.bare import stream
from ml.pixels.deidentify import _keep, deidentified
from ml.pixels.film import PHANTOM
from ml.pixels.pseudonym import pseudonym
from tests.catalogue import dicom_pixels, dicoms
from tests.intake import films
from tests.ml import drawing

CODESTREAMS = Path(__file__).parent / "codestreams"
KEY, OTHER = b"k" * 32, b"o" * 32
CANARY = "Canary^Jane"
TEXTS = {"PN", "LO", "SH", "ST", "LT", "UT", "UC", "AE", "CS"}
# A film with a name in these is no film of the chest any more.
NEEDED = {"SpecificCharacterSet", "Modality", "PhotometricInterpretation", "BodyPartExamined"}


def opened(data):
    return dcmread(io.BytesIO(data))


def written(dataset):
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name is no value for some of these elements: meant
        dataset.save_as(out)
    return out.getvalue()


def everywhere():
    """A film with the canary in every element of text that DICOM knows, outside the file meta."""
    film = opened(films.dicom())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for tag, (vr, _, _, _, keyword) in DicomDictionary.items():
            if vr in TEXTS and tag >> 16 > 2 and keyword and keyword not in NEEDED:
                film.add_new(tag, vr, CANARY)
    return film


def hidden():
    """A film with the canary where no dictionary says so."""
    film = opened(films.dicom())
    block = film.private_block(0x0019, CANARY, create=True)
    block.add_new(1, "LO", CANARY)
    film.add_new((0x6000, 0x0022), "LO", CANARY)
    film.add_new((0x6000, 0x3000), "OW", CANARY.encode() * 2)
    film.add_new((0x5000, 0x3000), "OW", CANARY.encode() * 2)
    item, inner, icon = Dataset(), Dataset(), Dataset()
    inner.PersonName = inner.TextValue = CANARY
    item.ContentSequence, icon.ImageComments = Sequence([inner]), CANARY
    film.ContentSequence, film.IconImageSequence = Sequence([item]), Sequence([icon])
    film.RequestAttributesSequence = film.ReferencedStudySequence = Sequence([item])
    film.VOILUTSequence = Sequence([inner])
    film.file_meta.SourceApplicationEntityTitle = CANARY
    film.file_meta.PrivateInformationCreatorUID, film.file_meta.PrivateInformation = "1.2.3", CANARY.encode() + b" "
    film.preamble = CANARY.encode().ljust(128, b"\0")
    return film


@pytest.mark.parametrize("film", [everywhere, hidden])
def test_no_name_is_left_anywhere_in_the_bytes(film):
    data = written(film())
    assert CANARY.encode() in data
    kept = deidentified(data, KEY)
    assert b"canary" not in kept.lower()
    assert b"jane" not in kept.lower()


def test_what_came_with_a_date_goes_without_one():
    kept = opened(deidentified(films.dicom(StudyDate="20240131", AcquisitionDateTime="20240131101500"), KEY))
    dates = [each for each in kept.iterall() if each.VR in ("DA", "DT", "TM")]
    assert [each.value for each in dates if each.value] == []


def test_the_picture_is_the_same_to_the_last_value():
    sent = films.dicom(WindowCenter=100, WindowWidth=80, RescaleSlope=1, RescaleIntercept=-5)
    before, after = pixels.read(sent), pixels.read(deidentified(sent, KEY))
    np.testing.assert_array_equal(before.pixels, after.pixels)
    assert (before.window, before.bits) == (after.window, after.bits)
    np.testing.assert_array_equal(pixels.model_grey(before), pixels.model_grey(after))


@pytest.mark.parametrize("syntax", dicom_pixels.COMPRESSED)
def test_a_compressed_picture_is_not_coded_again(syntax):
    sent = dicom_pixels.COMPRESSED[syntax]()
    kept = deidentified(sent, KEY)
    assert opened(kept).file_meta.TransferSyntaxUID == opened(sent).file_meta.TransferSyntaxUID
    assert len(opened(kept).PixelData) <= len(opened(sent).PixelData)
    np.testing.assert_array_equal(pixels.read(kept).pixels, pixels.read(sent).pixels)


OVERLAY = np.zeros((160, 160), np.uint16)
OVERLAY[20:40, 20:115] = 0x1000  # PS3.3 C.9.2, retired: in bit 12 of the pixels
# In implicit VR, deflated, and in codestreams that pack whole words of 16 bits.
PACKED = [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, JPEGLSLossless, JPEG2000Lossless]


def with_overlay(syntax):
    """A 12-bit film whose pixels carry letters in the bit above them."""
    grey = np.random.default_rng(5).integers(0, 4096, OVERLAY.shape).astype(np.uint16)
    film = opened(films.dicom(BitsAllocated=16, BitsStored=12, HighBit=11, PixelData=(grey | OVERLAY).tobytes()))
    film.add_new((0x6000, 0x0102), "US", 12)
    if syntax == RLELossless:
        film.compress(RLELossless, generate_instance_uid=False)
    if syntax == ExplicitVRBigEndian:
        film.file_meta.TransferSyntaxUID = syntax
        film.PixelData = (grey | OVERLAY).byteswap().tobytes()
        out = io.BytesIO()
        dcmwrite(out, film, implicit_vr=False, little_endian=False)
        return out.getvalue()
    return written(film)


def stored(data):
    """The values as they lie in the file, with whatever stands above them."""
    return pixel_array(io.BytesIO(data), raw=True, correct_unused_bits=False)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless], ids=lambda uid: uid.name)
def test_letters_in_the_bits_above_the_picture_go_and_the_picture_stays(syntax):
    sent = with_overlay(syntax)
    kept = deidentified(sent, KEY)
    assert stored(sent).max() > 4095 >= stored(kept).max()
    np.testing.assert_array_equal(pixels.read(kept).pixels, pixels.read(sent).pixels)


def packed(syntax, signed=False, bits=12, frames=1):
    """A film of 12 bits in whole words of 16, with letters in bit 12 of its last frame; signed ones repeat no sign."""
    grey = np.random.default_rng(5).integers(0, 4096, OVERLAY.shape).astype(np.uint16)
    words = [grey] * (frames - 1) + [grey | OVERLAY]
    about = {"BitsStored": bits, "HighBit": bits - 1, "PixelRepresentation": int(signed), "NumberOfFrames": frames}
    if not syntax.is_encapsulated:
        return drawing.dicom(words[-1], 16, syntax, **about)
    streams = [drawing.encoded(each.view("i2") if signed else each, 16, syntax) for each in words]
    return drawing.dicom(words[-1], 16, syntax, PixelData=encapsulate(streams), **about)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("syntax", [*PACKED, ExplicitVRBigEndian, RLELossless], ids=lambda uid: uid.name)
def test_no_bit_above_the_picture_says_anything_in_any_syntax(syntax, signed):
    sent = packed(syntax, signed)
    kept = deidentified(sent, KEY)
    values, before = stored(kept), pixels.read(sent).pixels
    assert (values == (values << 4) >> 4).all()
    assert pixels.read(sent).pixels.std() > 1000
    np.testing.assert_array_equal(pixels.read(kept).pixels, before)
    whole_words = syntax in (JPEGLSLossless, JPEG2000Lossless, DeflatedExplicitVRLittleEndian)
    assert opened(kept).file_meta.TransferSyntaxUID == (ExplicitVRLittleEndian if whole_words else syntax)
    assert opened(kept)["PixelData"].VR in ("OB", "OW")


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless], ids=lambda uid: uid.name)
def test_letters_above_a_later_frame_go_too(syntax):
    kept = opened(deidentified(packed(syntax, frames=2), KEY))
    values = pixel_array(kept, raw=True, correct_unused_bits=False)
    assert values.shape == (2, *OVERLAY.shape)
    assert values.max() < 4096


@pytest.mark.parametrize(("syntax", "end"), [(JPEGLossless, "jpeg57"), (JPEGLosslessSV1, "jpeg70")])
def test_a_lossless_jpeg_is_looked_into_by_its_words_and_not_by_what_its_decoder_leaves_of_them(syntax, end):
    words = encapsulate([(CODESTREAMS / f"ramp16.{end}").read_bytes()])
    sent = drawing.dicom(drawing.ramp(), 12, syntax, PixelData=words)
    kept = deidentified(sent, KEY)
    assert opened(kept).file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    np.testing.assert_array_equal(stored(kept), drawing.ramp(top=65535) & 0xFFF)
    np.testing.assert_array_equal(pixels.read(kept).pixels, pixels.read(sent).pixels)


def test_an_overlay_above_8_bits_in_16_goes_with_its_byte():
    words = films.grey().astype(np.uint16) | OVERLAY
    for syntax in (ExplicitVRLittleEndian, RLELossless):
        sent = drawing.dicom(words, 16, syntax, BitsStored=8, HighBit=7)
        np.testing.assert_array_equal(stored(deidentified(sent, KEY)), films.grey())


def test_nothing_stays_behind_or_between_the_runs_of_a_film_in_rle():
    dataset = opened(drawing.dicom(films.grey(), 8, RLELossless))
    (frame,) = generate_frames(dataset.PixelData, number_of_frames=1)
    # Its last run is one of words of which a picture takes the first alone, and words follow.
    literal = films.grey().tobytes()
    runs = b"".join(b"\x7f" + literal[at : at + 128] for at in range(0, len(literal) - 128, 128))
    last = bytes([127]) + literal[-128:-100] + CANARY.encode().ljust(100)
    for whole, rows in ((frame + CANARY.encode() + b" ", 160), (frame[:64] + runs + last, 159)):
        dataset.PixelData, dataset.Rows = encapsulate([whole]), rows
        sent = written(dataset)
        kept = deidentified(sent, KEY)
        assert CANARY.encode() in sent
        assert CANARY.encode() not in kept
        np.testing.assert_array_equal(pixels.read(kept).pixels, pixels.read(sent).pixels)


def jpeg(comment=b"", **options):
    out = io.BytesIO()
    grey = np.random.default_rng(6).integers(0, 256, (160, 160), dtype=np.uint8)
    Image.fromarray(grey).save(out, "JPEG", **({"progressive": True} | options), comment=comment)
    return out.getvalue()


@pytest.mark.parametrize("options", [{}, {"progressive": False}, {"restart_marker_blocks": 2}])
def test_what_follows_the_end_of_a_jpeg_goes_whatever_it_looks_like(options):
    whole = jpeg(**options)
    bare = stream(whole + jpeg(CANARY.encode()))
    assert bare == stream(whole)
    assert bare.endswith(b"\xff\xd9")
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(bare))), np.asarray(Image.open(io.BytesIO(whole))))


@pytest.mark.parametrize("name", ["ramp8.jpeg70", "ramp16.jpeg57", "ramp12.jpeg51", "JPEG-LS"])
def test_what_follows_the_end_of_a_stream_of_another_jpeg_goes(name):
    noise = np.random.default_rng(7).integers(0, 2**16, (160, 160)).astype(np.uint16)
    ls = name == "JPEG-LS"
    whole = drawing.encoded(noise, 16, JPEGLSLossless) if ls else (CODESTREAMS / name).read_bytes()
    # Noise makes bytes after 0xFF that would be the mark of something in another JPEG.
    assert not ls or any(b"\xff" + bytes([each]) in whole for each in range(1, 0x80))
    picture = whole.rstrip(b"\0")
    tail = b"\xff\xd8\xff\xfe\0\x0d" + CANARY.encode() + b"\xff\xd9"
    assert stream(whole + tail) == stream(whole)
    assert stream(whole)[-100:] == picture[-100:]


def test_a_jpeg_without_the_mark_of_its_end_stays_as_it_is():
    assert stream(stream(jpeg())[:-2]) == stream(jpeg())[:-2]


def test_words_in_the_application_data_of_a_jpeg_ls_go():
    whole = drawing.encoded(films.grey(), 8, JPEGLSLossless)
    words = b"\xff\xe8" + (len(CANARY) + 2).to_bytes(2) + CANARY.encode()
    assert stream(whole[:2] + words + whole[2:]) == stream(whole)


def test_a_frame_that_is_no_picture_is_not_kept():
    whole = drawing.encoded(films.grey(), 8, JPEGLSLossless)
    frames = encapsulate([whole, CANARY.encode()])
    with pytest.raises(pixels.Unreadable) as caught:
        deidentified(drawing.dicom(films.grey(), 8, JPEGLSLossless, PixelData=frames, NumberOfFrames=2), KEY)
    assert caught.value.code == "not_deidentified"


def test_a_comment_between_the_scans_of_a_jpeg_goes():
    whole = jpeg()
    second = whole.index(b"\xff\xda", whole.index(b"\xff\xda") + 2)
    words = b"\xff\xfe" + (len(CANARY) + 2).to_bytes(2) + CANARY.encode()
    bare = stream(whole[:second] + words + whole[second:])
    assert bare == stream(whole)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(bare))), np.asarray(Image.open(io.BytesIO(whole))))


@pytest.mark.parametrize("name", ["ramp12.htj2k", "ramp8.htj2k"])
def test_a_jpeg_2000_ends_where_its_tiles_end(name):
    whole = (CODESTREAMS / name).read_bytes()
    assert CANARY.encode() not in stream(whole + CANARY.encode() + b"\xff\xd9")
    assert stream(stream(whole)) == stream(whole)


def test_a_comment_in_the_header_of_a_tile_goes_and_its_length_stays():
    whole = drawing.encoded(films.grey(), 8, JPEG2000Lossless)
    start, data = whole.index(b"\xff\x90"), whole.index(b"\xff\x93")
    words = b"\xff\x64" + (len(CANARY) + 4).to_bytes(2) + b"\0\1" + CANARY.encode()
    length = int.from_bytes(whole[start + 6 : start + 10]) + len(words)
    told = whole[: start + 6] + length.to_bytes(4) + whole[start + 10 : data] + words + whole[data:]
    bare = stream(told + CANARY.encode())
    assert CANARY.encode() not in bare
    assert bare.endswith(b"\xff\xd9")
    sent, kept = (drawing.dicom(films.grey(), 8, JPEG2000Lossless, PixelData=encapsulate([e])) for e in (told, bare))
    np.testing.assert_array_equal(pixels.read(kept).pixels, films.grey())
    np.testing.assert_array_equal(pixels.read(sent).pixels, films.grey())


def test_a_last_tile_of_open_length_ends_at_the_first_mark_of_an_end():
    whole = drawing.encoded(films.grey(), 8, JPEG2000Lossless)
    at = whole.index(b"\xff\x90") + 6
    opened_at = whole[:at] + bytes(4) + whole[at + 4 :]
    assert stream(opened_at + CANARY.encode() + b"\xff\xd9") == stream(opened_at)
    assert stream(opened_at).endswith(b"\xff\xd9")


SAID = "Kim Minsu, born 1990"
WORDS = list(struct.unpack("<10h", SAID.encode()))


def raw(keyword, vr, value):
    """A film with an element of any VR and value, as its bytes have it."""
    film = dicoms.plain() if keyword not in opened(dicoms.plain()) else dicoms.changed(remove=[keyword])
    tag = tag_for_keyword(keyword)
    return dicoms.spliced(dicoms.element(tag >> 16, tag & 0xFFFF, vr, value), film)


@pytest.mark.parametrize(
    ("keyword", "vr"),
    [("KVP", b"LT"), ("KVP", b"DS"), ("KVP", b"UN"), ("RescaleType", b"UT"), ("PixelAspectRatio", b"IS"),
     ("RescaleType", b"LO"), ("WindowCenter", b"ST"), ("WindowCenter", b"DS"), ("SOPClassUID", b"UI"),
     ("PixelPaddingValue", b"US"), ("PixelIntensityRelationshipSign", b"SS"), ("VOILUTSequence", b"UT"),
     ("LossyImageCompression", b"PN"), ("ImageType", b"ST"), ("PixelPaddingRangeLimit", b"OB")],
)  # fmt: skip
def test_no_sentence_stays_in_the_place_of_a_number_or_a_code(keyword, vr):
    sent = raw(keyword, vr, SAID.encode())
    kept = deidentified(sent, KEY)
    assert SAID.encode() in sent
    assert b"Minsu" not in kept
    np.testing.assert_array_equal(pixels.read(kept).pixels, pixels.read(sent).pixels)


@pytest.mark.parametrize(
    ("keyword", "vr", "value"),
    [("KVP", b"DS", b"125 "), ("PixelSpacing", b"DS", b"0.14300000000000000377\\1.5E-1"),
     ("RescaleSlope", b"DS", b"-.5"), ("PixelAspectRatio", b"IS", b"1\\+1"), ("RescaleType", b"LO", b"US"),
     ("PixelPaddingValue", b"US", b"\1\0"), ("ImageType", b"CS", b"ORIGINAL\\PRIMARY"),
     ("SOPClassUID", b"UI", b"1.2.840.10008.5.1.4.1.1.1.1.1\0")],
)  # fmt: skip
def test_what_is_as_the_dictionary_has_it_stays_as_it_came(keyword, vr, value):
    sent, kept = raw(keyword, vr, value), deidentified(raw(keyword, vr, value), KEY)
    assert opened(kept)[keyword].value == opened(sent)[keyword].value
    assert value in kept


def test_a_table_of_tones_stays_and_what_stands_behind_or_in_it_goes():
    table = Dataset()
    table.LUTDescriptor, table.LUTData = [256, 0, 8], np.arange(256, dtype=np.uint16).tobytes() + SAID.encode()
    table["LUTData"].VR = "OW"
    table.add_new("ModalityLUTType", "UT", SAID)
    sent = dicom_pixels.film(VOILUTSequence=[table])
    kept = deidentified(sent, KEY)
    assert SAID.encode() in sent
    assert b"Minsu" not in kept
    np.testing.assert_array_equal(pixels.read(kept).windowed, pixels.read(sent).windowed)
    table["LUTData"].VR, table.LUTData = "US", [*range(256), *WORDS]
    assert b"Minsu" not in deidentified(dicom_pixels.film(VOILUTSequence=[table]), KEY)


@pytest.mark.parametrize(("keyword", "vr"), [("KVP", "LT"), ("RescaleType", "UT"), ("Modality", "LT"), ("Rows", "LT")])
def test_a_text_in_the_place_of_something_else_does_not_stay(keyword, vr):
    sent, kept = Dataset(), Dataset()
    sent.add_new(keyword, vr, "Kim Minsu, born 1990")
    _keep(kept, sent, keyword)
    assert len(kept) == 0


def test_an_accession_number_has_one_pseudonym_however_it_came():
    kept = opened(deidentified(films.dicom(AccessionNumber="A-7"), KEY))
    assert kept.AccessionNumber == pseudonym(KEY, "accession", "a-7 ")


def test_films_of_one_study_stay_together_under_one_key_and_no_other():
    one, two = films.dicom(1, study_uid="1.2.9"), films.dicom(2, study_uid="1.2.9")
    ours = [pixels.read(deidentified(each, KEY)).header for each in (one, two)]
    theirs = pixels.read(deidentified(one, OTHER)).header
    assert ours[0].study_uid == ours[1].study_uid != theirs.study_uid
    assert ours[0].sop_uid != ours[1].sop_uid
    assert ours[0].patient_id == ours[1].patient_id != theirs.patient_id
    assert "1.2.9" not in (ours[0].study_uid, theirs.study_uid)
    assert pixels.read(deidentified(one, KEY)).header == ours[0]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"PatientAge": "004Y"}, 4.0),
        ({"PatientAge": None, "PatientBirthDate": "20200131", "StudyDate": "20240131"}, 4.0),
        ({"PatientBirthDate": "20230131", "StudyDate": "20240131"}, 1.0),
        ({"PatientAge": None, "PatientBirthDate": None}, None),
    ],
)
def test_the_age_stays_or_is_worked_out_before_the_dates_go(said, kept):
    header = pixels.read(deidentified(films.dicom(**said), KEY)).header
    assert header.age_years == (pytest.approx(kept, abs=0.1) if kept else None)
    assert header.birth_date == header.study_time == ""


def test_what_sorts_a_film_stays():
    data = films.dicom(ViewPosition="LL", PatientSex="F", BurnedInAnnotation="YES")
    sent, kept = (dataclasses.asdict(pixels.read(each).header) for each in (data, deidentified(data, KEY)))
    gone = {name for name in sent if sent[name] != kept[name]}
    identities = {"study_uid", "series_uid", "sop_uid", "patient_name", "patient_id", "accession"}
    assert gone == identities | {"birth_date", "study_time", "description", "age_years"}


def test_the_file_says_how_it_was_done():
    kept = opened(deidentified(films.dicom(), KEY))
    assert kept.PatientIdentityRemoved == "YES"
    assert [item.CodeValue for item in kept.DeidentificationMethodCodeSequence] == ["113100", "113108"]
    assert kept.file_meta.MediaStorageSOPInstanceUID == kept.SOPInstanceUID
    assert kept.file_meta.MediaStorageSOPClassUID == kept.SOPClassUID
    assert kept.preamble == bytes(128)


def test_a_jpeg_becomes_a_png_of_its_picture_alone():
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x010E] = CANARY
    Image.fromarray(films.grey()).save(out, "JPEG", exif=exif, comment=CANARY)
    kept = deidentified(out.getvalue() + CANARY.encode(), KEY)
    assert b"canary" not in kept.lower()
    np.testing.assert_array_equal(pixels.read(kept).pixels, pixels.read(out.getvalue()).pixels)


def test_a_phantom_stays_one():
    out, about = io.BytesIO(), PngInfo()
    about.add_text(*PHANTOM)
    Image.fromarray(films.grey()).save(out, "PNG", pnginfo=about)
    assert pixels.read(deidentified(out.getvalue(), KEY)).header.synthetic


def test_a_file_that_cannot_be_rebuilt_is_refused():
    with pytest.raises(pixels.Unreadable) as caught:
        deidentified(b"\0" * 128 + b"DICM" + b"\x08\0\x05\0XX", KEY)
    assert caught.value.code in ("not_deidentified", "malformed_dicom")
