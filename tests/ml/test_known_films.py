"""What the default's distance lets in and keeps out, on real films; `-s` prints the table."""

from functools import partial

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ml import phantom, pixels, preprocess, registry
from tests.ml.drawing import dicom, jpeg, png

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def card():
    found = registry.load_card("default")
    if found.domain is None:
        pytest.skip("the default has no domain")
    return found


@pytest.fixture(scope="module")
def outside(card):
    """Films (n, side, side) uint8 -> the share outside."""
    from ml.runtime import auto

    model = auto.load(card)
    return lambda some: float(np.mean([not card.in_domain(each) for each in model.predict(np.stack(some)).distances]))


@pytest.fixture(scope="module")
def tensor(card):
    def of(file):
        return preprocess.to_tensor(pixels.model_grey(pixels.read(file)), card.input_side)

    return of


@pytest.fixture(scope="module")
def chests(films, tensor):
    return [tensor(path.read_bytes()) for path in sorted((films / "originals").rglob("*.jpeg"))]


def text(seed, side):
    rng, page = np.random.default_rng(seed), Image.new("L", (600, 800), 255)
    for y in range(30, 770, 18):
        ImageDraw.Draw(page).text((30, y), "".join(map(chr, rng.integers(97, 123, 80))), fill=0)
    return preprocess.to_tensor(np.asarray(page), side)


def noise(seed, side):
    return np.random.default_rng(seed).integers(0, 256, (side, side)).astype(np.uint8)


def test_native_films_of_unseen_patients_are_known_however_they_are_wrapped(films, outside, tensor):
    paths = sorted((films / "originals").rglob("*.jpeg"))
    grey = [pixels.read(path.read_bytes()).pixels for path in paths]
    ways = {
        "jpeg": [tensor(path.read_bytes()) for path in paths],
        "png": [tensor(png(film.astype(np.uint8))) for film in grey],
        "dicom": [tensor(dicom(film)) for film in grey],
        "jpeg again": [tensor(jpeg(film.astype(np.uint8))) for film in grey],
    }
    found = {way: outside(some) for way, some in ways.items()}
    print(found)
    assert max(found.values()) <= 0.05


STRANGERS = {
    "turned by 90 degrees": partial(np.rot90, k=1),
    "turned by 270 degrees": partial(np.rot90, k=3),
    "upside down": partial(np.rot90, k=2),
    "inverted": lambda film: 255 - film,
    "left half alone": lambda film: preprocess.to_tensor(film[:, : len(film) // 2], len(film)),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_film_that_is_not_as_it_should_be_is_outside(chests, outside, name):
    share = outside([np.ascontiguousarray(STRANGERS[name](film)) for film in chests])
    print(name, share)
    assert share >= 0.9


def test_what_is_no_chest_is_outside(card, outside):
    side = card.input_side
    some = {
        "text": [text(seed, side) for seed in range(10)],
        "noise": [noise(seed, side) for seed in range(10)],
        "blank": [np.full((side, side), level, dtype=np.uint8) for level in range(0, 256, 25)],
        "phantoms": [preprocess.to_tensor(phantom.draw(seed, True), side) for seed in range(10)],
    }
    found = {name: outside(films) for name, films in some.items()}
    print(found)
    assert min(found[name] for name in ("text", "noise", "blank")) == 1


def test_the_dog_is_outside(films, outside, tensor):
    assert outside([tensor((films / "dicom/dx_dog_thorax_monochrome1.dcm").read_bytes())]) == 1
