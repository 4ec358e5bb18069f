"""The faults, and who puts right what has to be put right from outside: dead programs and stores start again."""

import contextlib
import random
import sys
import threading
import time

import redis
from django.db import connection

from tests.faults.conftest import LEASE_S, until

EVERY_S = 5
# As long as a service manager takes to notice.
RESTART_S = 1
BATCH = {"BATCH_SIZE": 8, "STUB_S": 0.02}
PROGRAMS = {
    "portal": ("portal", {}),
    "worker 1": ("screening", BATCH),
    "worker 2": ("screening", BATCH),
    "sweeper": ("sweeper", {}),
}
WORKERS = ("worker 1", "worker 2")
# Who reaches PostgreSQL over a line that can be cut, and nobody else does.
ON_THE_LINE = "worker 2"
SOCKET = ".s.PGSQL.5432"


class Nemesis:
    """Strikes every EVERY_S, in an order that the seed alone decides. Used from the main thread."""

    def __init__(self, installation, seed, history):
        self.installation, self.history = installation, history
        self.random = random.Random(f"nemesis {seed}")
        self.running, self.later, self.struck = {}, [], {}
        self.faults = [
            self.kill_a_worker, self.kill_a_child, self.freeze_a_worker, self.cut_the_line, self.kill_redis,
            self.empty_redis, self.kill_postgres, self.kill_a_portal_process, self.kill_the_sweeper, self.five_sweepers,
        ]  # fmt: skip

    def start(self):
        folder = self.installation.var.parent / "line"
        folder.mkdir()
        real = self.installation.var / "sockets" / SOCKET
        command = [sys.executable, "-m", "tests.faults.nemesis.line", folder / SOCKET, real]
        self.line = self.installation.run(command, "line")
        address = self.installation.environment["DATABASE_URL"].partition("?")[0]
        self.over_the_line = ["env", f"DATABASE_URL={address}?host={folder}"]
        until((folder / SOCKET).exists, 60, "the line")
        for name in PROGRAMS:
            self._start(name)
        until(self.installation.answers, 120, "the portal answers")

    def _start(self, name):
        kind, settings = PROGRAMS[name]
        short = name.replace(" ", "")
        command = self.installation._command(kind, short)
        prefix = self.over_the_line if name == ON_THE_LINE else []
        self.running[name] = self.installation.run([*prefix, *command], short, **settings)

    def play(self, seconds):
        ends, strikes_at = time.monotonic() + seconds, time.monotonic() + EVERY_S
        while time.monotonic() < ends:
            self._tend()
            if time.monotonic() >= strikes_at:
                strikes_at += EVERY_S
                self._strike(self.random.choice(self.faults))
            time.sleep(0.2)

    def heal(self):
        """Everything runs again."""
        for _, act in self.later:
            act()
        self.later = []
        self._tend()

    def _strike(self, fault):
        name, began = fault.__name__, time.time()
        fault()
        self.struck[name] = self.struck.get(name, 0) + 1
        self.history.note("fault", name, began, "ok")

    def _tend(self):
        """What is due happens, and what has died starts again."""
        due = [each for each in self.later if each[0] <= time.monotonic()]
        self.later = [each for each in self.later if each not in due]
        for _, act in due:
            act()
        for name, program in list(self.running.items()):
            if not program.alive:
                self._start(name)

    def _in(self, seconds, act):
        self.later.append((time.monotonic() + seconds, act))

    def _worker(self):
        return self.running[self.random.choice(WORKERS)]

    def kill_a_worker(self):
        self._worker().kill()

    def kill_a_child(self):
        self._kill_a_child_of(self._worker())

    def _kill_a_child_of(self, program):
        with contextlib.suppress(IndexError, ProcessLookupError):  # it has none just now
            program.kill_child()

    def freeze_a_worker(self):
        """Until its lease has run out and somebody else has taken over; then it goes on as if nothing had been."""
        worker = self._worker()
        worker.freeze()
        self._in(LEASE_S + 5, worker.thaw)

    def cut_the_line(self):
        """Nothing goes through between a worker and PostgreSQL, for longer than a lease, and no connection breaks."""
        self.line.freeze()
        self._in(LEASE_S + 5, self.line.thaw)

    def kill_redis(self):
        self._restart(self.installation.redis)

    def _restart(self, store):
        store.kill()
        time.sleep(RESTART_S)
        store.start()

    def empty_redis(self):
        with contextlib.suppress(redis.RedisError):
            address = self.installation.environment["FIRSTREAD_REDIS_URL"].removeprefix("redis+socket://")
            redis.Redis(unix_socket_path=address).flushall()

    def kill_postgres(self):
        self._restart(self.installation.postgres)

    def kill_a_portal_process(self):
        self._kill_a_child_of(self.running["portal"])

    def kill_the_sweeper(self):
        self.running["sweeper"].kill()

    def five_sweepers(self):
        for _ in range(5):
            threading.Thread(target=_sweep, daemon=True).start()


def _sweep():
    from workers import tasks

    try:
        with contextlib.suppress(Exception):  # whatever else is broken just now
            tasks._sweep()
    finally:
        connection.close()
