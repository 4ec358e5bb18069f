import io

import numpy as np
from PIL import Image

from ml import pixels, preprocess
from tests.ml.drawing import dicom, jpeg, png, ramp

GREY = ramp(300, 240).astype(np.uint8)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_the_viewing_rendition_keeps_source_depth():
    deep = ramp(top=4095)
    assert np.array_equal(np.asarray(opened(pixels.viewing_rendition(pixels.read(dicom(deep, 12))))), deep)
    assert opened(pixels.viewing_rendition(pixels.read(png(GREY)))).mode == "L"


def test_the_model_rendition_keeps_the_aspect_within_512():
    film = pixels.read(png(ramp(1500, 1000).astype(np.uint8)))
    assert pixels.model_grey(film).shape == (512, 341)


def test_a_small_film_is_not_enlarged():
    assert pixels.model_grey(pixels.read(png(GREY))).shape == GREY.shape


def test_the_model_rendition_is_stretched_to_the_full_range():
    dull = (90 + GREY / 10).astype(np.uint8)
    grey = pixels.model_grey(pixels.read(png(dull)))
    assert (grey.dtype, grey.min(), grey.max()) == (np.uint8, 0, 255)


def test_a_bright_marker_hardly_moves_the_tones():
    marked = GREY // 2
    marked[:10, :12] = 255
    plain = pixels.model_grey(pixels.read(png(GREY // 2))).astype(int)
    assert np.abs(pixels.model_grey(pixels.read(png(marked))).astype(int) - plain)[20:].max() <= 6


def test_a_rendition_is_read_back_as_it_was():
    film = pixels.read(png(GREY))
    assert np.array_equal(preprocess.load_rendition(pixels.model_rendition(film)), pixels.model_grey(film))


def test_a_rendition_carries_nothing_of_the_file():
    exif = Image.Exif()
    exif[0x010E] = "Jane Doe"
    film = pixels.read(jpeg(GREY, exif=exif))
    assert b"Jane" not in pixels.model_rendition(film) + pixels.viewing_rendition(film)


def test_the_same_picture_in_another_file_has_the_same_content_hash():
    hashes = {pixels.content_hash(pixels.read(data)) for data in (png(GREY), png(GREY, compress_level=9), dicom(GREY))}
    assert len(hashes) == 1


def test_another_picture_has_another_content_hash():
    changed = GREY.copy()
    changed[7, 7] ^= 1
    assert pixels.content_hash(pixels.read(png(GREY))) != pixels.content_hash(pixels.read(png(changed)))


def test_the_square_is_squashed_without_aliasing():
    stripes = np.tile(np.array([0, 255], dtype=np.uint8), (512, 256))
    square = preprocess.to_tensor(stripes, 160)
    assert square.shape == (160, 160)
    assert np.abs(square[:, 2:-2].astype(int) - 127).max() < 30
