import numpy as np

from ml import phantom


def test_a_seed_draws_the_same_phantom():
    assert np.array_equal(phantom.draw(4, True), phantom.draw(4, True))
    assert not np.array_equal(phantom.draw(4, True), phantom.draw(5, True))


def test_opacities_are_all_that_differs_within_a_seed():
    plain, opaque = phantom.draw(4, False).astype(int), phantom.draw(4, True).astype(int)
    assert (plain != opaque).mean() < 0.4
    assert opaque.mean() > plain.mean()


def test_a_phantom_has_the_size_asked_for():
    film = phantom.draw(1, False, size=(300, 260))
    assert (film.shape, film.dtype) == ((300, 260), np.uint8)
    assert film.max() - film.min() > 150
