"""Everything of `manage.py up`, in order: the stores, the database's shape, the processes; and back in reverse."""

import contextlib
import fcntl
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import honcho.manager
from honcho.printer import Printer

from deploy.local import CannotStart, logins, postgres, stores
from deploy.local.keeper import STOP_S
from deploy.local.processes import Record
from deploy.local.server import last_lines

honcho.manager.KILL_WAIT = STOP_S + 10  # a keeper kills what does not stop; honcho's own 5 s would cut a batch short


@dataclass(frozen=True)
class Plan:
    """What to run: `commands` are kept running (name -> arguments) once `preparation` has ended well.

    The preparation is left out while `prepared_for()` gives what it gave after the last one.
    """

    root: Path
    var: Path
    host: str
    port: int
    flower_port: int
    preparation: list[str]
    prepared_for: Callable[[], str]
    commands: dict[str, list[str]]

    @property
    def address(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def flower_address(self) -> str:
        return f"http://{self.host}:{self.flower_port}"


def run(plan: Plan) -> None:
    """Runs the plan until Ctrl-C or SIGTERM; raises CannotStart with a sentence when something is in the way."""
    record = stores.make_folders(plan.var)
    with _only_one(plan.var), _stopped_by_signals():
        if left := record.end_all():
            print(f"Ended what the last run left behind: {', '.join(left)}.")
        _check_free(plan.host, plan.port, "FIRSTREAD_PORT")
        _check_free(plan.host, plan.flower_port, "FIRSTREAD_FLOWER_URL")
        print("Starting PostgreSQL and Redis.", flush=True)
        with stores.running(plan.var) as leading:
            own = {"KERAS_HOME": str(plan.var / "run"), "FIRSTREAD_CACHE": str(plan.var / "cache")}
            environment = {**own, **os.environ, **leading, "PYTHONUNBUFFERED": "1"}
            _prepare(plan, environment)
            _keep(plan, record, environment)
        print("Everything is stopped.")


@contextlib.contextmanager
def _only_one(var: Path) -> Iterator[None]:
    """Holds the folder's lock, which dies with this process and is not inherited (unlike flock's)."""
    with (var / "run" / "supervisor.lock").open("a+") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotStart(
                f"FirstRead already runs with the folder {var}. Stop it first, or set FIRSTREAD_VAR to another folder."
            ) from None
        yield


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """SIGTERM and a closed terminal stop as Ctrl-C does, also where a script started this with SIGINT ignored."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup keeps its meaning
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    try:
        yield
    except KeyboardInterrupt:
        print("\nStopped before everything was up.")


def _check_free(host: str, port: int, variable: str) -> None:
    with socket.socket() as probe:
        # As gunicorn does: an old connection is no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStart(
                f"Port {port} on {host} cannot be used ({error.strerror}). Stop the program that has it, or choose "
                f"another with {variable}."
            ) from None


def _prepare(plan: Plan, environment: dict[str, str]) -> None:
    if postgres.remark(plan.var) == plan.prepared_for():
        return
    print("Preparing the database.", flush=True)
    log = plan.var / "log" / "prepare.log"
    with log.open("ab") as out:
        done = subprocess.run(plan.preparation, check=False, cwd=plan.root, env=environment, stdout=out, stderr=out)
    if done.returncode:
        raise CannotStart(f"`{shlex.join(plan.preparation)}` failed. {log} ends with:\n{last_lines(log, 20)}")
    postgres.set_remark(plan.var, plan.prepared_for())


def _keep(plan: Plan, record: Record, environment: dict[str, str]) -> None:
    """Runs the commands, each under its keeper, until a signal ends them; the announcer speaks once they are ready."""
    crew = Crew(Printer(sys.stdout, colour=os.environ.get("TERM") != "dumb" and "NO_COLOR" not in os.environ))
    flower = {"FLOWER_BASIC_AUTH": logins.flower(plan.var)}
    for name, command in plan.commands.items():
        keeper = [sys.executable, "-m", "deploy.local.keeper", "--name", name, "--record", str(record.file)]
        keeper += ["--log", str(plan.var / "log" / f"{name}.log"), "--supervisor", str(os.getpid()), "--", *command]
        secret = flower if name == "flower" else {}
        crew.add_process(name, f"exec {shlex.join(keeper)}", env=environment | secret, cwd=str(plan.root))
    speaker = [sys.executable, "-m", "deploy.local.announce", str(plan.var), plan.address, plan.flower_address]
    with subprocess.Popen(speaker, cwd=plan.root, env=environment) as announcer:
        try:
            crew.loop()
        finally:
            announcer.terminate()


class Crew(honcho.manager.Manager):
    """honcho's manager, which heeds a stop at any instant.

    Its own handlers print, and look for the pids of processes that have not reported them yet: one that interrupts a
    line being printed raises, and leaves processes that nobody ends. So a signal is noted, for the loop's next turn.
    """

    _asked = ""

    def _start(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)
        super()._start()

    def _note(self, number: int, _) -> None:
        self._asked = signal.Signals(number).name

    def _all_started(self) -> bool:  # what the loop asks at every turn, ten times a second
        started = super()._all_started()
        if started and self._asked:
            self._system_print(f"{self._asked} received\n")
            self._asked = ""
            self.terminate()
        return started
