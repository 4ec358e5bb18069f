"""The keeper: starts its command again, passes a stop to the leader alone, and does not outlive its supervisor."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.processes import Record, start_of
from tests.deploy.conftest import ROOT, read_until, wait_for

pytestmark = pytest.mark.faults
POOL = """
import os, signal, sys, time
child = os.fork()
if child:
    signal.signal(signal.SIGTERM, lambda *_: (print("leader: stop"), os.kill(child, signal.SIGUSR1)))
    os.wait()
    print("leader: ends", flush=True)
else:
    signal.signal(signal.SIGTERM, lambda *_: os.write(1, b"child: hit in the middle\\n"))
    signal.signal(signal.SIGUSR1, lambda *_: sys.exit())
    print("child: at work", flush=True)
    time.sleep(600)
"""


@contextlib.contextmanager
def keeper(folder, program, supervisor=None):
    """A keeper of a small Python program, whose log is folder/it.log and whose record folder/processes.json."""
    command = [sys.executable, "-m", "deploy.local.keeper", "--name", "it", "--log", str(folder / "it.log")]
    command += ["--record", str(folder / "processes.json"), "--supervisor", str(supervisor or os.getpid())]
    command += ["--", sys.executable, "-u", "-c", program]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True, **streams) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=60)


def log(folder):
    return (folder / "it.log").read_text() if (folder / "it.log").exists() else ""


def test_a_command_that_ends_by_itself_is_started_again(tmp_path):
    with keeper(tmp_path, "print('once'); raise SystemExit(3)") as process:
        said = read_until(process, "ended with code 3; starts again in 2 s")
        assert "once" not in said  # an ordinary line stays in the log
        wait_for(lambda: log(tmp_path).count("once") == 2)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a file that is always full is Linux's")
def test_a_full_disk_ends_no_command(tmp_path):
    (tmp_path / "processes.new").symlink_to("/dev/full")
    with keeper(tmp_path, "print('once'); raise SystemExit(3)") as process:
        read_until(process, "ended with code 3; starts again in 2 s")
        wait_for(lambda: log(tmp_path).count("once") == 2)


def test_an_error_reaches_the_terminal_and_the_log(tmp_path):
    with keeper(tmp_path, "print('2026-01-01 12:00:00 ERROR careful'); import time; time.sleep(60)") as process:
        read_until(process, "ERROR careful")
        assert "ERROR careful" in log(tmp_path)


def test_a_stop_goes_to_the_leader_alone_and_waits_for_it(tmp_path):
    with keeper(tmp_path, POOL) as process:
        wait_for(lambda: "child: at work" in log(tmp_path))
        process.terminate()
        assert process.wait(60) == 0
    assert log(tmp_path).splitlines() == ["child: at work", "leader: stop", "leader: ends"]
    assert Record(tmp_path / "processes.json").leaders() == []


def test_what_a_killed_leader_left_of_its_group_is_killed_before_the_next_start(tmp_path):
    program = "import os, time; os.fork(); os.write(1, b'%d\\n' % os.getpid()); time.sleep(600)"
    with keeper(tmp_path, program) as process:
        pids = wait_for(lambda: len(found := log(tmp_path).split()) == 2 and [int(pid) for pid in found])
        os.kill(min(pids), signal.SIGKILL)
        read_until(process, "starts again")
        assert wait_for(lambda: start_of(max(pids)) is None)


def test_a_keeper_whose_supervisor_is_gone_ends_with_its_command(tmp_path):
    supervisor = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with keeper(tmp_path, "print('up'); import time; time.sleep(600)", supervisor.pid) as process:
        wait_for(lambda: "up" in log(tmp_path))
        supervisor.kill()
        supervisor.wait()
        assert process.wait(60) == 0
    assert Record(tmp_path / "processes.json").leaders() == []
