"""What clients did and were told: a line of JSON an operation, written when its answer came or was given up."""

import json
import threading
import time


class History:
    """Threads share it. Times are seconds of this machine's clock, which is the database's too."""

    def __init__(self, path):
        self._path, self._lock = path, threading.Lock()

    def note(self, what, who, began, answer, **more):
        """`answer`: "ok", "refused" (nothing was done, and it said so) or "unknown"."""
        line = {"what": what, "who": who, "began": began, "ended": time.time(), "answer": answer, **more}
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def read(path):
    """The operations of a history, as dicts."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
