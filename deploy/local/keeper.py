"""Keeps one command running: python -m deploy.local.keeper --name portal --record FILE --log FILE -- COMMAND...

The command is started again when it ends by itself, later each time. SIGTERM to the keeper goes to the command's
leader alone, which ends its own children: a signal to the whole group would hit a pool's child in the middle of a
batch. The keeper also stops when its supervisor is gone, so that a killed supervisor leaves nothing for long.
"""

import argparse
import contextlib
import logging
import os
import re
import select
import signal
import subprocess
import sys
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path

from deploy.local.processes import Leader, Record, start_of

STOP_S = 30.0  # a batch of 32 films on a slow CPU, and then some
ORPHAN_STOP_S = 5.0  # the stores are gone with the supervisor: there is nothing left to finish
SETTLED_S = 60.0
LONGEST_PAUSE_S = 60.0
TICK_S = 1.0
# What reaches the terminal too: an error's own line as Django, Celery and gunicorn write it.
LOUD = re.compile(rb"^(\S+ \S+ (ERROR|CRITICAL) |\[.*\[(ERROR|CRITICAL)\]|Traceback )")


class Keeper:
    """One command with its log; `run` returns when it was told to stop, or when nobody is left to tell it."""

    def __init__(self, name: str, command: list[str], record: Record, log: Path, supervisor: Leader):
        self.name, self.command, self.record, self.supervisor = name, command, record, supervisor
        self.child: subprocess.Popen | None = None
        self.stopping = False
        self.asked_at: float | None = None
        self.log = logging.Logger(name)
        self.log.addHandler(RotatingFileHandler(log, maxBytes=10_000_000, backupCount=3))
        self.unfinished = b""

    def run(self) -> None:
        pause = TICK_S
        while not self._over():
            began = time.monotonic()
            code = self._run_once()
            if self._over():
                return
            pause = TICK_S if time.monotonic() - began > SETTLED_S else min(2 * pause, LONGEST_PAUSE_S)
            print(f"ended with code {code}; starts again in {pause:.0f} s", flush=True)
            self._rest(pause)

    def stop(self, *_) -> None:
        """Passes a stop on at once (a signal handler)."""
        self.stopping = True
        self._ask()

    def _ask(self) -> None:
        """Sends SIGTERM to the command's leader, once: some take a second one for impatience."""
        if self.child and self.asked_at is None:
            self.asked_at = time.monotonic()
            self.child.terminate()

    def _over(self) -> bool:
        return self.stopping or not self.supervisor.alive

    def _rest(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and not self._over():
            time.sleep(TICK_S / 4)

    def _run_once(self) -> int:
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with subprocess.Popen(self.command, start_new_session=True, bufsize=0, **streams) as self.child:
            with self.record.naming(self.name, self.child.pid):
                self._follow()
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.child.pid, signal.SIGKILL)  # what a killed leader left of its group
            return self.child.returncode

    def _follow(self) -> None:
        """Copies the output until the leader has ended; kills the group when a stop is not heeded in time."""
        while self.child.poll() is None:
            self._copy(wait_s=TICK_S)
            if not self._over():
                continue
            self._ask()
            grace = STOP_S if self.supervisor.alive else ORPHAN_STOP_S
            if time.monotonic() - self.asked_at > grace:
                os.killpg(self.child.pid, signal.SIGKILL)
        while self._copy(wait_s=0):
            pass

    def _copy(self, wait_s: float) -> bool:
        """Moves what the command has written into the log; False when there was nothing."""
        ready, _, _ = select.select([self.child.stdout], [], [], wait_s)
        fresh = self.child.stdout.read(65536) if ready else b""
        if ready and not fresh:  # closed, though the leader lives on
            time.sleep(TICK_S / 4)
        *lines, self.unfinished = (self.unfinished + fresh).split(b"\n")
        for line in lines:
            self.log.info("%s", line.decode(errors="replace"))
            if LOUD.search(line):
                sys.stdout.buffer.write(line + b"\n")
                sys.stdout.flush()
        return bool(fresh)


def main() -> None:
    parser = argparse.ArgumentParser(prog="deploy.local.keeper")
    parser.add_argument("--name", required=True)
    parser.add_argument("--record", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--supervisor", type=int, required=True, help="the process whose end ends this one")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    record = Record(given.record)
    supervisor = Leader("supervisor", given.supervisor, start_of(given.supervisor) or "gone")
    keeper = Keeper(given.name, given.command, record, given.log, supervisor)
    signal.signal(signal.SIGTERM, keeper.stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to translate
    with record.naming(f"keeper of {given.name}", os.getpid()):
        keeper.run()


if __name__ == "__main__":
    main()
