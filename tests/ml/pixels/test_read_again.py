"""A model rendition that is read again is the same picture: what training reads of an export is what serving reads."""

import numpy as np
import pytest

from ml import pixels
from tests.intake import films as generated

KINDS = {
    "jpeg": generated.jpeg(1),
    "png": generated.png(2, side=700),
    "dicom": generated.dicom(3),
    "monochrome1": generated.dicom(4, PhotometricInterpretation="MONOCHROME1"),
    "windowed": generated.dicom(5, WindowCenter=120, WindowWidth=60),
}


def read_again(data):
    """(the grey picture that serving reads, the one that the trainer reads of its PNG)"""
    film = pixels.read(data)
    return pixels.model_grey(film), pixels.model_grey(pixels.read(pixels.model_rendition(film)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_rendition_read_again_moves_by_no_grey_level(kind):
    first, again = read_again(KINDS[kind])
    assert np.array_equal(first, again)


def test_so_it_is_for_a_long_tail_of_a_few_bright_pixels():
    grey = np.full((200, 200), 20, np.uint8)
    grey[:, :40] = np.arange(40) // 8
    grey[0, :3] = 255
    first, again = read_again(generated._saved(grey, "PNG"))
    assert np.abs(first.astype(int) - again).max() <= 1


@pytest.mark.slow
def test_so_it_is_for_real_films(films):
    paths = [*sorted((films / "originals").glob("*/*"))[::6], *(films / "dicom").glob("*dx*")]
    for path in paths:
        first, again = read_again(path.read_bytes())
        assert np.abs(first.astype(int) - again).max() <= 1, path.name
