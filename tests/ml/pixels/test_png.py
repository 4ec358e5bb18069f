"""The PNG that renditions are kept in: every value as it was, for whoever reads it."""

import io

import numpy as np
import pytest
from PIL import Image

from ml.pixels import png


def read(data):
    with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
        picture.verify()
    with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
        return picture.mode, np.asarray(picture)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (9, 1), (33, 40)])
@pytest.mark.parametrize(("kind", "mode"), [(np.uint8, "L"), (np.uint16, "I;16")])
def test_every_value_is_read_as_it_was_written(shape, kind, mode):
    grey = np.random.default_rng(0).integers(0, np.iinfo(kind).max, shape, dtype=kind, endpoint=True)
    found = read(png.written(grey))
    assert found[0] == mode
    assert np.array_equal(found[1], grey)


def test_a_picture_that_is_a_view_of_another_is_written_as_it_looks():
    grey = np.arange(200, dtype=np.uint8).reshape(10, 20)
    for view in (grey[::-1], grey.T, grey[2:7, 3:9]):
        assert np.array_equal(read(png.written(view))[1], view)


def test_a_flat_picture_takes_next_to_nothing():
    assert len(png.written(np.full((1000, 1000), 7, dtype=np.uint8))) < 10_000  # of 1,000,000
