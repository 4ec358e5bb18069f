"""The stub runtime, in which some films are poison: a batch that holds one ends the process, as a fault in C does."""

import os
import zlib

import numpy as np

from tests import stub_runtime


def poisonous(tensor):
    """One film in sixteen, by its pixels."""
    return zlib.crc32(np.ascontiguousarray(tensor)) % 16 == 5


class Poisoned(stub_runtime.Stub):
    def predict(self, batch):
        if not stub_runtime.is_canary(self.card, batch) and any(map(poisonous, batch)):
            os.abort()
        return super().predict(batch)


def load(card):
    return Poisoned(card)
