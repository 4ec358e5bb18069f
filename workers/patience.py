"""Going on through what is nobody's file's fault: a full disk, a storage or database that is away; until told to stop.

What is said names no file: a name may hold a patient's.
"""

import logging
import time

from django.db import connection
from django.utils.translation import gettext_noop

from screening.away import DATABASE_AWAY
from screening.keeping import StorageAway, StorageFull
from workers import heartbeat

log = logging.getLogger(__name__)

PAUSE_S, SAY_AGAIN_S = 10, 600
PASSES = {
    StorageFull: gettext_noop("the storage is full"),
    StorageAway: gettext_noop("the storage is away"),
    **dict.fromkeys(DATABASE_AWAY, gettext_noop("the database is away")),
}


class Patience:
    """Of one process with a heartbeat `name` of a `kind`; threads may share it."""

    def __init__(self, name, kind):
        self._name, self._kind = name[-120:], kind
        self.stopping = False
        self._problem, self._said = "", {}

    def stop(self, *_):
        """End after what is in hand (a signal handler)."""
        self.stopping = True

    def tried(self, act):
        """What `act()` gives, tried until disk and database are there; None where this was stopped before."""
        while not self.stopping:
            try:
                result = act()
            except tuple(PASSES) as error:
                self._wait_out(next(said for kind, said in PASSES.items() if isinstance(error, kind)))
            else:
                self._problem = ""
                return result
        return None

    def _wait_out(self, problem):
        connection.close()
        self._problem = problem
        self.say(problem, "%s: the files wait, and are tried again every %d s", problem, PAUSE_S)
        self.beat()
        self.sleep(PAUSE_S)

    def sleep(self, seconds):
        """In short naps: a signal does not wait for the end."""
        ends = time.monotonic() + seconds
        while not self.stopping and (left := ends - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))

    def say(self, about, text, *arguments):
        """Log a line, once in ten minutes about the same."""
        now = time.monotonic()
        if now - self._said.get(about, -SAY_AGAIN_S) >= SAY_AGAIN_S:
            self._said[about] = now
            log.warning(text, *arguments)

    def beat(self):
        """A sign of life; that the database does not take it is no reason to end."""
        self._quietly(lambda: heartbeat.beat(self._name, self._kind, problem=self._problem))

    def end(self):
        self._quietly(lambda: heartbeat.end(self._name))

    def _quietly(self, act):
        try:
            act()
        except DATABASE_AWAY:
            connection.close()
