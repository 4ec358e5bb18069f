"""The end of a worker's child that hangs: a deadlock, a GPU that stalls, a loop in C that keeps Python's lock.

Its lease runs out by itself, and somebody else takes the films; but a child that hangs takes no more, and its parent
waits for it. faulthandler's own thread needs no lock of Python's: it says in the log where every thread was, without
any value, and ends the process. Celery starts another child. A child that is stopped from outside cannot end itself:
Celery's own `task_time_limit` does, later, for it also has to let a slow machine load its models.
"""

import faulthandler
import sys

from django.conf import settings

# Whoever has held a lease for so long without renewing it holds nothing any more: what it would write is refused.
STEP_S = 2 * settings.LEASE_S


def step():
    """A step of work begins: this process ends unless the next one, or `rest`, comes within STEP_S."""
    faulthandler.dump_traceback_later(STEP_S, exit=True, file=sys.__stderr__)


def rest():
    """No work is at hand."""
    faulthandler.cancel_dump_traceback_later()
