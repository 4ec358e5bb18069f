"""Folders with short names for the embedded services, and a supervisor with small commands in place of FirstRead's."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from pathlib import Path
from deploy.local import CannotStart, supervisor

var, port, other, preparation = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
web = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(var.parent)]
sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
commands = {"portal": web, "sleeper": sleeper}
prepare = [sys.executable, "-c", preparation]
plan = supervisor.Plan(Path.cwd(), var, "127.0.0.1", port, other, prepare, lambda: "the same", commands)
try:
    supervisor.run(plan)
except CannotStart as error:
    sys.exit(str(error))
"""


@pytest.fixture
def folder():
    """A temporary folder with a short name: a socket's path holds 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="fr-t-", dir="/tmp"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def supervise(folder):
    """Starts a supervisor on `folder`/var whose portal serves /readyz; gives the process. All are killed at the end."""
    free, other = free_port(), free_port()
    (folder / "readyz").touch()
    started = []

    def start(port=free, preparation="pass"):
        command = [sys.executable, "-c", PROGRAM, str(folder / "var"), str(port), str(other), preparation]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        started.append(subprocess.Popen(command, cwd=ROOT, start_new_session=True, env=marked(folder), **streams))
        return started[-1]

    yield start
    for pid in living(folder):
        os.kill(pid, signal.SIGKILL)
    for process in started:
        process.wait()
        process.stdout.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def marked(folder: Path) -> dict[str, str]:
    """An environment by which every process of a test is found again, however it was started."""
    return {**os.environ, "FIRSTREAD_TEST": str(folder)}


def living(*folders: Path) -> list[int]:
    """The processes that carry a folder in their environment or among their arguments (Linux).

    PostgreSQL and Redis write their titles over their environment: they are known by their arguments.
    """
    found, marks = [], [str(folder).encode() for folder in folders]
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended, or is another account's
            text = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            if any(mark in text for mark in marks):
                found.append(int(process.name))
    return found


def wait_for(holds, seconds=60.0):
    """Waits until `holds()` gives something true, and gives it; fails the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.05)
    pytest.fail(f"nothing came of it in {seconds} s")


def read_until(process, words: str) -> str:
    """The process's output up to the line that holds `words`; fails when it ends before."""
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    pytest.fail(f"it ended without saying {words!r}:\n{said}")
