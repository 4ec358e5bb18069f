"""Many files side by side: each waits for a limited child or for the database, so threads are enough, two a core."""

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from screening import sandbox


def abreast(function, items):
    """`function(item)` of every item, in their order, up to two a core at a time: one is decoded while one is stored.

    Few are taken ahead. Every thread has a database connection of its own, so call it outside transactions. What a
    call raises comes out at its place, after those already begun have ended.
    """
    width = 2 * sandbox.CHILDREN
    if sandbox.CHILDREN == 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(width, thread_name_prefix="intake") as threads:
        begun = deque()
        try:
            for item in items:
                begun.append(threads.submit(function, item))
                if len(begun) == 2 * width:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            _close_connections(threads, width)


def _close_connections(threads, width):
    """One closing a thread: each waits for the others, so none gets two."""
    line = threading.Barrier(width)

    def close():
        line.wait()
        connections.close_all()

    for _ in range(width):
        threads.submit(close)
