"""A run of the tests leaves no server behind, however it ends."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.conftest import ROOT, living, marked, read_until, wait_for

pytestmark = pytest.mark.faults
WAITS = """
import os, time
def test_waits():
    print("services at", os.environ["FIRSTREAD_VAR"], flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_broken_off_leaves_no_process(folder, ending):
    (folder / "test_waits.py").write_text(WAITS)
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "tests.conftest", "-c", ROOT / "pyproject.toml"]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen([*command, folder / "test_waits.py"], cwd=ROOT, env=marked(folder), **streams) as run:
        var = Path(read_until(run, "services at").split()[-1])
        servers = living(var)
        os.kill(run.pid, ending)
        run.communicate(timeout=60)
        assert len(servers) >= 2
        assert wait_for(lambda: not living(folder, var))
        assert ending == signal.SIGKILL or not var.parent.exists()
        shutil.rmtree(var.parent, ignore_errors=True)
