"""A runtime whose every logit is told by the bytes of the weights it has loaded: who scored a film can be proven."""

import hashlib
import time

import numpy as np

from ml.runtime import Answers
from tests.stub_runtime import is_canary

PAUSE_S = 0.05


def logit_of(sha256):
    """A logit from -3 to 3 that stands for a hash."""
    return int(sha256[:6], 16) % 6001 / 1000 - 3


class Hashed:
    def __init__(self, card, logit):
        self.card, self.logit = card, logit

    def predict(self, batch):
        time.sleep(PAUSE_S * len(batch))
        logit = self.card.canary["logit"] if is_canary(self.card, batch) else self.logit
        return Answers(np.full(len(batch), logit, np.float32), np.ones(len(batch), np.float32))


def load(card):
    return Hashed(card, logit_of(hashlib.sha256(card.weights_path.read_bytes()).hexdigest()))
