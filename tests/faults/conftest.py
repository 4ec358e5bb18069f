"""Real worker processes against this session's PostgreSQL and Redis, to be killed."""

import os
import signal
import subprocess
import sys
import time

import pytest
from django.conf import settings

LEASE_S, SWEEP_S = 10, 3


class Workers:
    """Celery processes of this test, each in a process group of its own."""

    def __init__(self, environment):
        self.environment = environment | {
            "FIRSTREAD_LEASE_S": str(LEASE_S),
            "FIRSTREAD_SWEEP_S": str(SWEEP_S),
            "FIRSTREAD_RUNTIME": "tests.stub_runtime",
            "FIRSTREAD_STUB_S": "0.1",
            "FIRSTREAD_BATCH_SIZE": "8",
        }
        self.running = []

    def start(self, *arguments):
        command = [sys.executable, "-m", "celery", "-A", "workers", *arguments]
        process = subprocess.Popen(
            command, env=self.environment, cwd=settings.ROOT, start_new_session=True, stdout=self.log, stderr=self.log
        )
        self.running.append(process)
        return process

    def screening_worker(self):
        return self.start("worker", "-Q", "screening", "-c", "1", "-n", f"screening{len(self.running)}@test")

    def sweeper(self):
        """The operations worker with beat inside: one process less to start."""
        return self.start("worker", "-Q", "operations", "-c", "1", "-B", "-s", str(self.schedule), "-n", "ops@test")

    def kill(self, process, how=signal.SIGKILL):
        """Kill a whole process group, the pool's child included."""
        os.killpg(process.pid, how)
        process.wait()
        self.running.remove(process)


@pytest.fixture
def workers(process_environment, tmp_path):
    running = Workers(process_environment)
    running.schedule = tmp_path / "beat"
    with (tmp_path / "workers.log").open("w") as running.log:
        yield running
        for process in list(running.running):
            running.kill(process)


def until(condition, seconds, what):
    """Wait for `condition()`; fail with `what` after `seconds`."""
    ends = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < ends, f"not within {seconds} s: {what}"
        time.sleep(0.1)
    return found
