"""The yardstick: read and decode in two threads, forward in batches, and nothing else.

No ledger, no lease, no queue, nothing stored: what no pipeline with this model could be faster than.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ml import pixels, preprocess

THREADS = 2


class Loop:
    """The shipped model in this process, warm. `seconds` of each way are for as many films as it is given."""

    def __init__(self, card, runtime, batch: int):
        self._side, self._batch = card.input_side, batch
        self._model = runtime.load(card)

    def from_renditions(self, paths: list[Path]) -> float:
        return self._seconds(lambda path: preprocess.load_rendition(path.read_bytes()), paths)

    def from_files(self, films: list[bytes]) -> float:
        return self._seconds(lambda data: pixels.model_grey(pixels.read(data)), films)

    def _seconds(self, grey: Callable, films: list) -> float:
        began = time.monotonic()
        with ThreadPoolExecutor(THREADS) as pool:
            read = [pool.submit(lambda film: preprocess.to_tensor(grey(film), self._side), film) for film in films]
            for first in range(0, len(read), self._batch):
                self._model.predict(np.stack([each.result() for each in read[first : first + self._batch]]))
        return time.monotonic() - began
