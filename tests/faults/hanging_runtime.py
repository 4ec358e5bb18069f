"""The stub runtime that hangs once for every time that the file FIRSTREAD_HANG_AT is there, which it takes away.

It sleeps in C and keeps Python's lock: no thread of Python's runs meanwhile, as in a deadlock or a stalled GPU.
"""

import ctypes
import os
from pathlib import Path

from tests import stub_runtime

ORDER = Path(os.environ["FIRSTREAD_HANG_AT"])


class Hanging(stub_runtime.Stub):
    def predict(self, batch):
        if ORDER.exists() and not stub_runtime.is_canary(self.card, batch):
            ORDER.unlink()
            ctypes.PyDLL(None).sleep(3600)
        return super().predict(batch)


def load(card):
    return Hanging(card)
