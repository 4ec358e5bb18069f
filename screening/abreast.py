"""Many files side by side: each waits for a limited child or for the database, so threads are enough, two a core."""

import contextlib
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from itertools import islice, takewhile

from django.db import connections

from screening import sandbox

TICK_S = 1
# Among the items: begin none for now, and ask again once one has ended, or after TICK_S. It is over when none is going.
NOT_NOW = object()


def abreast(function, items):
    """`function(item)` of every item, in their order, up to two a core at a time: one is decoded while one is stored.

    Few are begun ahead, and one that takes long keeps only what came of the others waiting. Every thread has a database
    connection of its own, so call it outside transactions. Once a call, or `items`, has raised, no more is begun; it
    comes out at its place, after those already begun have ended.
    """
    if sandbox.CHILDREN == 1:
        yield from map(function, items)
        return
    ended, place = {}, 0
    with contextlib.closing(_calls(lambda numbered: function(numbered[1]), enumerate(items))) as calls:
        for some in calls:
            ended |= {number: call for (number, _), call in some}
            while place in ended:
                yield ended.pop(place).result()
                place += 1


def as_they_end(function, items):
    """Lists of (item, `function(item)`) as soon as some have ended; an empty one where none has for TICK_S.

    As `abreast` otherwise, but that what was raised comes out last, and `items` may give NOT_NOW.
    """
    if sandbox.CHILDREN == 1:
        begun = takewhile(lambda item: item is not NOT_NOW, items)
        yield from ([(item, function(item))] for item in begun)
        return
    with contextlib.closing(_calls(function, items)) as calls:
        for some in calls:
            yield [(item, call.result()) for item, call in some if not call.exception()]


def _calls(function, items):
    """Lists of (item, Future that has ended); raises the first thing that a call or `items` raised, once all ended."""
    width = 2 * sandbox.CHILDREN
    left, going, failure = iter(items), {}, None
    with ThreadPoolExecutor(width, thread_name_prefix="intake") as threads:
        try:
            while True:
                try:
                    for item in islice(left, 0 if failure else 2 * width - len(going)):
                        if item is NOT_NOW:
                            break
                        going[threads.submit(function, item)] = item
                except Exception as error:  # whatever it is, what was begun is given first
                    failure = error
                if not going:
                    break
                ended, _ = wait(going, TICK_S, FIRST_COMPLETED)
                yield [(going.pop(call), call) for call in ended]
                failure = failure or next(filter(None, (call.exception() for call in ended)), None)
        finally:
            _close_connections(threads, width)
    if failure:
        raise failure


def _close_connections(threads, width):
    """One closing a thread: each waits for the others, so none gets two."""
    line = threading.Barrier(width)

    def close():
        line.wait()
        connections.close_all()

    for _ in range(width):
        threads.submit(close)
