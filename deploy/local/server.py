"""One embedded server as a child process: started, waited for, recorded, stopped with the signal it understands."""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from deploy.local import CannotStart
from deploy.local.account import Account, ends_with_parent
from deploy.local.processes import Leader, Record

START_S = 60.0  # crash recovery after a power cut replays the log first


class Server:
    """A server that runs from `start` to `stop`; `stop_signal` is the one on which it closes its files at once."""

    def __init__(self, name: str, stop_signal: signal.Signals, record: Record, log: Path):
        self.name, self.stop_signal, self.record, self.log = name, stop_signal, record, log
        self.child: subprocess.Popen | None = None
        self.leader: Leader | None = None

    def start(self, command: list, answers: Callable[[], bool], account: Account | None = None) -> None:
        """Runs `command` in a session of its own, back once it `answers()`; raises CannotStart with the log's end."""
        account = account or Account()
        full = [*account.prefix, *ends_with_parent(self.stop_signal), *command]
        with self.log.open("ab") as out:
            streams = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out}
            self.child = subprocess.Popen(full, start_new_session=True, **streams, **account.options)
        self.leader = self.record.add(self.name, self.child.pid, self.stop_signal)
        try:
            self._wait(answers)
        except BaseException:  # Ctrl-C as well: nobody else knows this child yet
            self.stop()
            raise

    def _wait(self, answers: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_S
        while not answers():
            if self.child.poll() is not None or time.monotonic() > deadline:
                raise CannotStart(f"{self.name} did not start. {self.log} ends with:\n{last_lines(self.log)}")
            time.sleep(0.03)

    def stop(self, grace_s: float = 20.0) -> None:
        self.child.send_signal(self.stop_signal)
        try:
            self.child.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.record.remove(self.leader)


def last_lines(log: Path, count: int = 8) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
