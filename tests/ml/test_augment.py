import numpy as np

from ml.augment import augment
from tests.ml.drawing import ramp

FILM = ramp(96, 96).astype(np.uint8)


def test_a_film_keeps_its_shape_and_type():
    for seed in range(20):
        moved = augment(FILM, np.random.default_rng(seed))
        assert (moved.shape, moved.dtype) == ((96, 96), np.uint8)


def test_the_same_seed_disturbs_in_the_same_way():
    assert np.array_equal(augment(FILM, np.random.default_rng(5)), augment(FILM, np.random.default_rng(5)))
    assert not np.array_equal(augment(FILM, np.random.default_rng(5)), augment(FILM, np.random.default_rng(6)))


def test_brightness_says_nothing_after_it():
    means = [augment(FILM, np.random.default_rng(seed)).mean() for seed in range(60)]
    assert np.std(means) > 20


def test_the_film_itself_is_left_alone():
    before = FILM.copy()
    augment(FILM, np.random.default_rng(0))
    assert np.array_equal(FILM, before)
