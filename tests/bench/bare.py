"""The yardstick: decode, hash, and write the original and both renditions, in as many processes as there are children.

No database, no HTTP, no limits, no de-identification, and no fsync: what no intake could be faster than.
"""

import hashlib
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from ml import pixels


class Loop:
    """Warm processes that write below `folder`."""

    def __init__(self, folder: Path, processes: int):
        self._folder, self._processes = folder, processes
        folder.mkdir()
        self._pool = ProcessPoolExecutor(processes)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._pool.shutdown()

    def seconds(self, films: dict[str, bytes]) -> float:
        began = time.monotonic()
        written = [f"{number}" for number in range(len(films))]
        for _ in self._pool.map(_take, films.values(), [self._folder] * len(films), written, chunksize=1):
            pass
        return time.monotonic() - began


def _take(data, folder, name):
    digest = hashlib.sha256(data).hexdigest()
    film = pixels.read(data)
    parts = [data, pixels.viewing_rendition(film), pixels.model_rendition(film), pixels.content_hash(film).encode()]
    for number, part in enumerate(parts[:3]):
        (folder / f"{name}.{number}").write_bytes(part)
    return digest
