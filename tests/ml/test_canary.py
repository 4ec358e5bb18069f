import dataclasses

import numpy as np
import pytest

from ml import canary, registry
from ml.data import DataError
from ml.runtime import Answers

CARD = registry.load_card("default")


class Scores:
    def __init__(self, logit):
        self.logit = logit

    def predict(self, batch):
        assert batch.shape == (1, CARD.input_side, CARD.input_side)
        return Answers(np.array([self.logit], dtype=np.float32), np.array([1.0], dtype=np.float32))


def test_the_canary_is_the_same_film_whenever_it_is_drawn():
    assert np.array_equal(canary.film(7, 64), canary.film(7, 64))
    assert not np.array_equal(canary.film(7, 64), canary.film(8, 64))


def test_a_model_that_scores_its_canary_is_let_through():
    canary.check(CARD, Scores(CARD.canary["logit"] + 0.9 * CARD.canary["tolerance"]))


@pytest.mark.parametrize("off", [0.5, -0.5, float("nan")])
def test_a_model_that_scores_its_canary_otherwise_is_refused(off):
    with pytest.raises(canary.CanaryMismatch, match="not what was judged"):
        canary.check(CARD, Scores(CARD.canary["logit"] + off))


def test_a_mismatch_is_told_like_any_other_bad_input():
    assert issubclass(canary.CanaryMismatch, DataError)
    off = dataclasses.replace(CARD, canary=CARD.canary | {"logit": 99.0})
    with pytest.raises(DataError, match="canary"):
        canary.check(off, Scores(0.0))
