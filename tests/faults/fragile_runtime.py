"""The stub runtime on a machine that cannot take everything: films that kill, and batches that are too large.

A film whose picture is one even grey kills the process that predicts it. FIRSTREAD_MOST_FILMS: a larger batch does not
fit into memory; FIRSTREAD_TOO_MANY says what happens then: "raises" (the default) or "kills", as the kernel would.
"""

import os
import signal

from tests import stub_runtime

MOST = int(os.environ.get("FIRSTREAD_MOST_FILMS", "1000"))
KILLS = os.environ.get("FIRSTREAD_TOO_MANY") == "kills"


def _die():
    os.kill(os.getpid(), signal.SIGKILL)


class Fragile(stub_runtime.Stub):
    def predict(self, batch):
        if any(tensor.min() == tensor.max() for tensor in batch):
            _die()
        if len(batch) > MOST:
            if KILLS:
                _die()
            raise MemoryError
        return super().predict(batch)


def load(card):
    return Fragile(card)
