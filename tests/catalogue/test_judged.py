"""The judgement has teeth: a picture that is white, inverted or turned is further off than any case allows."""

import numpy as np
import pytest

from ml import pixels
from tests.catalogue import picture, test_dicom_headers, test_dicom_pixels, test_rasters
from tests.ml.drawing import png

TRAPS = {
    "white": lambda a: np.full_like(a, 255) - (a < 2),
    "inverted": lambda a: 255 - a,
    "upside down": lambda a: a[::-1],
    "mirrored": lambda a: a[:, ::-1],
    "wrapped, as high bits that are cut": lambda a: (a.astype(np.uint16) * 16 % 256).astype(np.uint8),
    "noise": lambda a: np.random.default_rng(1).integers(0, 256, a.shape).astype(np.uint8),
}
CASES = [*test_rasters.CASES, *test_dicom_pixels.CASES, *test_dicom_headers.CASES]
SHALLOW = 25  # what two bits a pixel may be off


@pytest.mark.parametrize("trap", TRAPS)
def test_a_wrong_picture_is_further_off_than_any_case_allows(trap):
    wanted = pixels.model_grey(pixels.read(picture.plain())).astype(float)
    wrong = pixels.model_grey(pixels.read(png(np.ascontiguousarray(TRAPS[trap](picture.grey8())))))
    allowed = [case.values[0].twin for case in CASES if case.values[0].twin is not None]
    assert np.abs(wrong - wanted).mean() > max(each for each in allowed if each < SHALLOW)


def test_of_what_is_scored_only_what_is_no_film_or_has_a_border_goes_without_its_twin():
    without = [case.id for case in CASES if case.values[0].codes == ("",) and case.values[0].twin is None]
    assert {id.split()[0] for id in without} == {"B5", "B14", "B54"}
