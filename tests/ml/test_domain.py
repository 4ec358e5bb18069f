"""The distance by itself, on looks that are numbers from a generator."""

import numpy as np
import pytest

from ml import data, domain

RNG = np.random.default_rng(4)
MIX = RNG.normal(size=(6, 20))


def looks(films):
    """(n, 20): six means of each film, mixed; nothing of Keras."""
    strips = np.array_split(films.astype(np.float64), 6, axis=1)
    return np.stack([strip.mean(axis=(1, 2)) for strip in strips], axis=1) @ MIX


def films(count, level=120):
    rng = np.random.default_rng(count)
    return np.clip(rng.normal(level, 20, (count, 1, 32)) + rng.normal(0, 20, (count, 32, 32)), 0, 255).astype(np.uint8)


def distances(kernel, bias, some):
    return np.sqrt(np.mean((looks(some) @ kernel + bias) ** 2, axis=1))


def test_a_known_film_is_near_and_a_strange_one_far():
    kernel, bias = domain.fit(looks, films(300), seed=1)
    known, strange = distances(kernel, bias, films(200)), distances(kernel, bias, 255 - films(50, level=20))
    assert np.median(known) < 1.5
    assert strange.min() > domain.limit(known)


def test_the_kernel_is_as_it_will_be_read_back_from_half_precision():
    kernel, _ = domain.fit(looks, films(100), seed=1)
    assert kernel.dtype == np.float32
    assert np.array_equal(kernel, kernel.astype(np.float16).astype(np.float32))


def test_a_direction_in_which_films_do_not_differ_is_left_out():
    kernel, _ = domain.fit(looks, films(100), seed=1)
    assert kernel.shape[1] <= 6


def test_too_few_films_are_refused():
    with pytest.raises(data.DataError, match="too few"):
        domain.fit(looks, films(domain.FEWEST - 1), seed=1)


def test_the_false_reject_rate_is_that_of_patients_who_did_not_set_the_limit():
    found = domain.judge(RNG.gamma(20, 0.05, 4000), np.arange(4000) // 2, 6, seed=0)
    rate = found["false_reject"]
    assert rate["films"] == 4000
    assert rate["interval"][0] <= 0.01 <= rate["interval"][1]
    assert rate["interval"][0] < rate["value"] < rate["interval"][1]


def test_another_room_changes_a_film_lightly():
    film = films(1)[0]
    other = domain.other_room(film, np.random.default_rng(0))
    assert (other.shape, other.dtype) == (film.shape, np.uint8)
    assert 0 < np.abs(other.astype(int) - film).mean() < 90


def test_films_of_one_patient_set_no_limit():
    with pytest.raises(data.DataError, match="one patient alone"):
        domain.judge(np.arange(40.0), np.repeat("p", 40), components=4, seed=0)
