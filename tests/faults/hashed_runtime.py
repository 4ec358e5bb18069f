"""A runtime whose every logit is told by the bytes of the weights it has loaded: who scored a film can be proven.

FIRSTREAD_STUB_LOG: a file that gets a line for every film that a model is asked about: pid, hash of pixels, weights.
FIRSTREAD_STUB_SLOW: a file; while it is there a film takes the seconds that stand in it.
"""

import hashlib
import os
import time
import zlib
from pathlib import Path

import numpy as np

from ml.runtime import Answers
from tests.stub_runtime import LOG, is_canary

PAUSE_S = 0.05
SLOW = Path(os.environ.get("FIRSTREAD_STUB_SLOW", "/nowhere"))


def logit_of(sha256):
    """A logit from -3 to 3 that stands for a hash."""
    return int(sha256[:6], 16) % 6001 / 1000 - 3


class Hashed:
    def __init__(self, card, sha256):
        self.card, self.sha256 = card, sha256

    def predict(self, batch):
        time.sleep((float(SLOW.read_text()) if SLOW.exists() else PAUSE_S) * len(batch))
        canary = is_canary(self.card, batch)
        if LOG and not canary:
            self._note(batch)
        logit = self.card.canary["logit"] if canary else logit_of(self.sha256)
        return Answers(np.full(len(batch), logit, np.float32), np.ones(len(batch), np.float32))

    def _note(self, batch):
        lines = "".join(f"{os.getpid()} {zlib.crc32(np.ascontiguousarray(film)):08x} {self.sha256}\n" for film in batch)
        descriptor = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(descriptor, lines.encode())  # one write, so that two workers' lines do not mix
        os.close(descriptor)


def load(card):
    return Hashed(card, hashlib.sha256(card.weights_path.read_bytes()).hexdigest())
