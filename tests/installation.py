"""A real FirstRead in a folder of its own: the one place where tests and benches start its programs.

Each program leads a process group, so that one signal hits it with its children. The stores keep their data and their
sockets while they are killed and started again. Start things in the main thread: they end with the thread that did.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import django
import psutil
import requests

from deploy.local import CannotStart, addresses, commands, postgres, redis_server, stores
from deploy.local.account import ends_with_parent
from tests.deploy.conftest import free_port

ROOT = Path(__file__).resolve().parents[1]
START_S = 120
# Quotas (fields of Site) that no test and no bench comes to the end of.
MUCH = {"daily_files": 10**6, "daily_files_a_user": 10**6, "daily_gigabytes": 10**6}
CELERY = [sys.executable, "-m", "celery", "-A", "workers"]


class Program:
    """A process group of ours; what it says goes to the end of `log`."""

    def __init__(self, command: list, environment: dict[str, str], log: Path):
        self.command, self.log = command, log
        self._began_at = log.stat().st_size if log.exists() else 0
        full = [*ends_with_parent(signal.SIGKILL), *map(str, command)]
        with log.open("ab") as out:
            streams = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out}
            self.process = subprocess.Popen(full, env=environment, cwd=ROOT, start_new_session=True, **streams)
        self.pid = self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def said(self) -> str:
        """What this program has written so far."""
        return self.log.read_bytes()[self._began_at :].decode(errors="replace")

    def children(self) -> list[int]:
        """The processes of Django's below it; the limited children start as `python -I`."""
        with contextlib.suppress(psutil.NoSuchProcess):
            below = psutil.Process(self.pid).children(recursive=True)
            return [each.pid for each in below if "-I" not in _arguments(each)]
        return []

    def kill(self) -> None:
        """SIGKILL to the whole group."""
        self._signal(signal.SIGKILL)
        self.process.wait()

    def kill_child(self) -> int:
        """SIGKILL to the pool's child alone; its pid."""
        pid = self.children()[-1]
        os.kill(pid, signal.SIGKILL)
        return pid

    def freeze(self) -> None:
        """SIGSTOP to the whole group."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def end(self, within_s: float = 60) -> int:
        """SIGTERM to the leader, which ends its own; the code it ended with. Killed where that takes too long."""
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(within_s)
        self.kill()
        return self.process.returncode

    def _signal(self, number) -> None:
        with contextlib.suppress(ProcessLookupError):  # it has ended, and all of its group
            os.killpg(self.pid, number)


def _arguments(process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@contextlib.contextmanager
def running(command: list, environment: dict[str, str], log: Path) -> Iterator[Program]:
    """A Program that ends with the block."""
    program = Program(command, environment, log)
    try:
        yield program
    finally:
        program.end()


class Store:
    """PostgreSQL or Redis of an installation, on the same sockets as often as it starts."""

    def __init__(self, begin, folder: Path):
        self._begin, self._folder, self._server = begin, folder, None

    @property
    def pid(self) -> int:
        return self._server.child.pid

    def start(self) -> None:
        """Raises CannotStart."""
        ends = time.monotonic() + START_S
        while True:
            try:
                self._server = self._begin()
            except CannotStart:  # what a killed postmaster left is still going
                if time.monotonic() > ends:
                    raise
                time.sleep(0.2)
            else:
                return

    def kill(self) -> None:
        """SIGKILL to the server; PostgreSQL's own children see it and leave."""
        os.kill(self.pid, signal.SIGKILL)
        self._server.child.wait()

    def stop(self) -> None:
        """As a service manager stops it; at once for PostgreSQL (fast), with everything kept for Redis."""
        self._server.stop()

    def restart(self) -> None:
        self.stop()
        self.start()

    def start_emptied(self) -> None:
        """Start without what was kept."""
        shutil.rmtree(self._folder)
        self.start()

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)


class Installation:
    """Stores of its own under `folder` (a short path), and the programs that are started on them.

    `environment` leads every program there; `programs` are those that were started and not forgotten.
    """

    def __init__(self, folder: Path, durable: bool = True, **settings):
        self.var, self._durable = folder / "var", durable
        self._record = stores.make_folders(self.var)
        self.postgres = Store(self._begin_postgres, self.var / "postgres")
        self.redis = Store(self._begin_redis, self.var / "redis")
        self.port, self.programs = free_port(), []
        self.environment = {
            **os.environ, "DJANGO_SETTINGS_MODULE": "webportal.settings", "PYTHONUNBUFFERED": "1",
            "FIRSTREAD_VAR": str(self.var), "DATABASE_URL": addresses.database_url(self.var),
            "FIRSTREAD_REDIS_URL": addresses.redis_url(self.var), "FIRSTREAD_STATIC": str(self.var / "static"),
            "FIRSTREAD_DEMO": "no", **_variables(settings),
        }  # fmt: skip

    def _begin_postgres(self):
        return postgres.start(self.var, self._record, self._durable)

    def _begin_redis(self):
        return redis_server.start(self.var, self._record)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, kind: str, name: str = "", **settings) -> Program:
        """Start a "portal", "beat", "operations" or "screening" worker, or a "sweeper": an operations worker with beat
        inside. `settings` are FIRSTREAD_ variables: STUB_S=0.1."""
        command = self._command(kind, name or f"{kind}{len(self.programs)}")
        return self.run(command, name or kind, **settings)

    def run(self, command: list, name: str, **settings) -> Program:
        """Start any other command of ours, its log under that name."""
        environment = self.environment | _variables(settings)
        self.programs.append(Program(command, environment, self.var / "log" / f"{name}.log"))
        return self.programs[-1]

    def _command(self, kind, name):
        beat = ["--schedule", str(self.var / "run" / name)]
        if kind == "portal":
            return commands._portal(self.port)
        if kind == "beat":
            return [*CELERY, "beat", *beat, "--pidfile="]
        worker = [*CELERY, *commands._worker("operations" if kind == "sweeper" else kind), "--hostname", f"{name}@test"]
        return [*worker, "--beat", *beat] if kind == "sweeper" else worker

    def started(self, kind: str, name: str = "", **settings) -> Program:
        """A program that answers already: of a portal its first page, of a worker "ready" in its log."""
        program = self.start(kind, name, **settings)
        ends = time.monotonic() + START_S
        while not (self.answers() if kind == "portal" else " ready." in program.said()):
            if not program.alive or time.monotonic() > ends:
                raise CannotStart(f"{kind} did not start:\n{program.said()[-2000:]}")
            time.sleep(0.1)
        return program

    def answers(self, path: str = "/healthz") -> bool:
        """Whether the portal answers well."""
        with contextlib.suppress(requests.RequestException):
            return requests.get(f"{self.address}{path}", timeout=5).ok
        return False

    def manage(self, *arguments) -> str:
        """What `manage.py` with these arguments printed. Raises CalledProcessError."""
        command = [sys.executable, "manage.py", *arguments]
        options = {"check": True, "capture_output": True, "text": True}
        return subprocess.run(command, env=self.environment, cwd=ROOT, **options).stdout

    def kill_programs(self) -> None:
        while self.programs:
            self.programs.pop().kill()

    def end_programs(self) -> None:
        while self.programs:
            self.programs.pop().end()


def _variables(settings):
    return {f"FIRSTREAD_{name}": str(value) for name, value in settings.items()}


@contextlib.contextmanager
def with_stores(folder: Path, durable: bool = True, **settings) -> Iterator[Installation]:
    """An Installation whose stores run; its programs are killed and the stores stopped at the end."""
    installation = Installation(folder, durable, **settings)
    with contextlib.ExitStack() as started:
        for store in (installation.postgres, installation.redis):
            store.start()
            started.callback(store.stop)
        started.callback(installation.kill_programs)
        yield installation


@contextlib.contextmanager
def by_itself(**settings) -> Iterator[Installation]:
    """For programs beside pytest: an Installation whose folder goes with the block, and this process's Django on it."""
    with (
        tempfile.TemporaryDirectory(prefix="fr-i-", dir="/tmp", ignore_cleanup_errors=True) as folder,
        with_stores(Path(folder), SECRET_KEY=secrets.token_urlsafe(48), **settings) as installation,
    ):
        os.environ.update(installation.environment)
        django.setup()
        yield installation
