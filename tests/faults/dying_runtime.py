"""The stub runtime in a worker's child that dies at one exact point of a batch, once the test has asked for it.

The file FIRSTREAD_DIE_AT names the point; the child takes it away as it dies. P7: after the inference, before the
write. P8: all is written, COMMIT is not sent. P9: committed, the ring not yet acknowledged.
"""

import os
import signal
import threading
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from screening import queue
from tests.stub_runtime import load

__all__ = ["load"]
ORDER = Path(os.environ["FIRSTREAD_DIE_AT"])
_writing = threading.Event()


def _die_at(point):
    if ORDER.exists() and ORDER.read_text() == point:
        ORDER.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def _complete(results, worker, _complete=queue.complete):
    _die_at("P7")
    _writing.set()
    written = _complete(results, worker)
    _writing.clear()
    _die_at("P9")
    return written


def _commit(self, _commit=BaseDatabaseWrapper._commit):
    if _writing.is_set():
        _die_at("P8")
    return _commit(self)


queue.complete, BaseDatabaseWrapper._commit = _complete, _commit
