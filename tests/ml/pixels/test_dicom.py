import random

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from ml import pixels
from tests.ml.drawing import dicom, png, ramp
from tests.ml.pixels.test_raster import code_of

GREY = ramp().astype(np.uint8)
DEEP = ramp(top=4095)


def grey_of(data: bytes) -> np.ndarray:
    return pixels.model_grey(pixels.read(data)).astype(int)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless], ids=lambda s: s.name
)
def test_each_lossless_transfer_syntax_gives_the_same_pixels(syntax, bits):
    film = pixels.read(dicom(GREY, bits, syntax))
    assert np.array_equal(film.pixels, GREY)
    assert film.header.transfer_syntax == syntax


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_each_depth_gives_the_model_the_same_picture(bits):
    assert np.abs(grey_of(dicom(ramp(top=2**bits - 1), bits)) - grey_of(png(GREY))).max() <= 2


def test_monochrome1_is_inverted_once():
    film = pixels.read(dicom(4095 - DEEP, 12, PhotometricInterpretation="MONOCHROME1"))
    assert np.array_equal(film.pixels, DEEP)
    both = dicom(4095 - DEEP, 12, PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE")
    assert np.array_equal(pixels.read(both).pixels, DEEP)


def test_monochrome1_and_its_window_give_the_model_the_same_picture():
    window = {"WindowCenter": 1500, "WindowWidth": 2000}
    inverted = {"WindowCenter": 4096 - 1500, "WindowWidth": 2000, "PhotometricInterpretation": "MONOCHROME1"}
    plain, twin = pixels.read(dicom(DEEP, 12, **window)), pixels.read(dicom(4095 - DEEP, 12, **inverted))
    assert plain.window == twin.window == (1500, 2000)
    assert np.abs(plain.windowed - twin.windowed).max() < 1e-5


def test_the_window_is_applied_as_the_standard_writes_it():
    film = pixels.read(dicom(DEEP, 12, WindowCenter=2048, WindowWidth=1024))
    expected = np.clip((DEEP - 2047.5) / 1023 + 0.5, 0, 1)
    assert np.abs(film.windowed - expected).max() < 1e-5
    assert film.window == (2048, 1024)


def test_the_first_of_several_windows_counts():
    assert pixels.read(dicom(DEEP, 12, WindowCenter=[900, 100], WindowWidth=[700, 50])).window == (900, 700)


@pytest.mark.parametrize("width", [0, -5, 0.5, None])
def test_a_window_without_width_gives_way_to_the_full_range(width):
    film = pixels.read(dicom(DEEP, 12, WindowCenter=2048, WindowWidth=width))
    assert film.window is None
    assert np.abs(grey_of(dicom(DEEP, 12, WindowCenter=2048, WindowWidth=width)) - grey_of(png(GREY))).max() <= 2


def test_a_window_that_leaves_nothing_to_see_is_not_believed():
    assert np.abs(grey_of(dicom(DEEP, 12, WindowCenter=60000, WindowWidth=10)) - grey_of(png(GREY))).max() <= 2


def test_a_voi_table_is_applied():
    table = Dataset()
    table.LUTDescriptor, table.LUTExplanation = [4096, 0, 16], ""
    table.LUTData = np.linspace(65535, 0, 4096).astype("<u2").tobytes()
    film = pixels.read(dicom(DEEP, 12, VOILUTSequence=[table]))
    assert np.abs(film.windowed - (1 - DEEP / 4095)).max() < 1e-3


def test_rescale_moves_the_window_along():
    data = dicom(DEEP, 12, RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=3096, WindowWidth=2048)
    assert np.abs(pixels.read(data).windowed - np.clip((2 * DEEP - 1000.0 - 3095.5) / 2047 + 0.5, 0, 1)).max() < 1e-5


def test_a_negative_slope_turns_the_tones():
    assert (
        np.abs(grey_of(dicom(4095 - DEEP, 12, RescaleSlope=-1, RescaleIntercept=4095)) - grey_of(png(GREY))).max() <= 2
    )


def test_signed_pixels_are_read_with_their_sign():
    signed = (DEEP.astype(np.int16) - 2048).astype(np.int16)
    assert np.array_equal(pixels.read(dicom(signed, 12)).pixels, DEEP)


def test_garbage_above_the_stored_bits_is_ignored():
    assert np.array_equal(pixels.read(dicom(DEEP | 0xA000, 12)).pixels, DEEP)


def test_padding_is_black_and_moves_no_tone():
    padded = DEEP.copy()
    padded[:, :20] = 4000
    film = pixels.read(dicom(padded, 12, PixelPaddingValue=4000, PhotometricInterpretation="MONOCHROME1"))
    assert film.pixels[:, :20].max() == 0
    assert film.windowed[:, :20].max() == 0


def test_a_range_of_padding_is_black_too():
    padded = DEEP.copy()
    padded[:, :20], padded[:, 20:40] = 4000, 4090
    film = pixels.read(dicom(padded, 12, PixelPaddingValue=4090, PixelPaddingRangeLimit=4000))
    assert film.pixels[:, :40].max() == 0


@pytest.mark.parametrize("slope", ["NaN", "1e300", 0])
def test_a_rescale_to_nonsense_is_not_believed(slope):
    assert np.array_equal(pixels.read(dicom(DEEP, 12, RescaleSlope=slope, RescaleIntercept=0)).pixels, DEEP)


def test_fractions_of_a_slope_keep_the_picture():
    scaled = dicom(DEEP, 12, RescaleSlope=0.37, RescaleIntercept=-5.5, WindowCenter=752, WindowWidth=1515)
    assert np.abs(grey_of(scaled) - grey_of(png(GREY))).max() <= 2


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({"Modality": "CT"}, "unsupported_modality"),
        ({"Modality": "OT"}, "unsupported_modality"),
        ({"Modality": None, "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}, "unsupported_modality"),
        ({"BodyPartExamined": "HAND"}, "unsupported_body_part"),
        ({"NumberOfFrames": 2}, "malformed_dicom"),
        ({"PixelData": None}, "no_pixels"),
        ({"PixelData": b""}, "no_pixels"),
        ({"PixelData": b"\0" * 100}, "truncated"),
        ({"Rows": 0}, "too_small"),
        ({"Rows": None}, "too_small"),
        ({"Rows": 60000, "Columns": 60000}, "too_many_pixels"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "unsupported_photometric"),
        ({"SamplesPerPixel": 3}, "unsupported_photometric"),
        ({"BitsAllocated": 32}, "truncated"),
        ({"BitsAllocated": 24}, "unsupported_depth"),
        ({"BitsStored": 12}, "unsupported_depth"),
        ({"HighBit": 6}, "unsupported_depth"),
    ],
)
def test_what_cannot_be_scored_is_refused_with_its_reason(tags, code):
    assert code_of(dicom(GREY, **tags)) == code


def test_a_grey_film_that_does_not_count_its_samples_is_taken():
    assert np.array_equal(pixels.read(dicom(GREY, SamplesPerPixel=None)).pixels, GREY)


def test_a_lateral_view_and_a_missing_body_part_are_taken():
    film = pixels.read(dicom(GREY, ViewPosition="LL", BodyPartExamined=None))
    assert (film.header.view, film.header.body_part) == ("LATERAL", "")


def test_a_film_that_names_no_modality_is_what_its_class_says():
    assert pixels.read(dicom(GREY, Modality=None)).header.modality == "CR"


def test_of_several_frames_the_first_is_read_and_no_model_may_judge_it():
    film = pixels.read(dicom(GREY, NumberOfFrames=2, PixelData=GREY.tobytes() + (255 - GREY).tobytes()))
    assert (film.flaw, film.flaw_detail) == ("multiframe", "2 pictures")
    assert np.array_equal(film.pixels, GREY)


def test_letters_that_are_burned_in_are_told():
    assert pixels.read(dicom(GREY, BurnedInAnnotation="YES")).header.burned_in
    assert not pixels.read(dicom(GREY, BurnedInAnnotation="NO")).header.burned_in


@pytest.mark.parametrize("begins", [b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"II*\0"])
def test_a_file_that_is_a_film_and_a_program_too_is_refused(begins):
    assert code_of(begins + dicom(GREY)[len(begins) :]) == "executable_preamble"


def test_bytes_without_the_dicom_prefix_are_not_guessed_at():
    assert code_of(dicom(GREY)[132:]) == "unsupported_type"


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9])
def test_a_cut_file_is_refused(share):
    data = dicom(GREY)
    assert code_of(data[: int(share * len(data))]) in ("truncated", "malformed_dicom", "transfer_syntax", "no_pixels")


def test_deeply_nested_sequences_are_refused_and_nothing_breaks():
    opening = bytes.fromhex("40007502") + b"SQ\0\0" + b"\xff" * 4 + bytes.fromhex("feff00e0") + b"\xff" * 4
    closing = bytes.fromhex("feff0de0") + bytes(4) + bytes.fromhex("feffdde0") + bytes(4)
    data = dicom(GREY)
    start = data.index(bytes.fromhex("e07f1000"))
    assert code_of(data[:start] + opening * 5000 + closing * 5000 + data[start:]) == "malformed_dicom"


def test_flipped_bytes_give_a_film_or_a_refusal_and_nothing_else():
    rng, data = (
        random.Random(1),
        dicom(GREY, PatientName="Doe^Jane", StudyDate="20240131", WindowCenter=1, WindowWidth=9),
    )
    for _ in range(300):
        damaged = bytearray(data)
        for _ in range(4):
            damaged[rng.randrange(132, 900)] = rng.randrange(256)
        try:
            pixels.read(bytes(damaged))
        except pixels.Unreadable as refusal:
            assert refusal.code
