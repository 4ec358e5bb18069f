"""The supervisor with real stores and small commands: one at a time, nothing left behind, nothing doubled."""

import os
import signal
import socket

import pytest
from honcho.printer import Printer

from deploy.local.processes import Record
from deploy.local.supervisor import Crew
from tests.deploy.conftest import living, read_until, wait_for

pytestmark = pytest.mark.faults
READY = "Stop "  # the last line of what is announced


def recorded(folder) -> dict[str, int]:
    """Name and pid of all that runs: both stores, both commands, and the keeper of each."""
    record = Record(folder / "var" / "run" / "processes.json")
    return wait_for(lambda: len(found := {leader.name: leader.pid for leader in record.leaders()}) == 6 and found)


def test_ctrl_c_ends_every_process(supervise, folder):
    process = supervise()
    read_until(process, READY)
    assert len(living(folder)) > 6  # stores, keepers, commands
    os.killpg(process.pid, signal.SIGINT)
    assert "Everything is stopped." in process.communicate(timeout=120)[0]
    assert process.returncode == 0
    assert wait_for(lambda: not living(folder))
    assert Record(folder / "var" / "run" / "processes.json").leaders() == []


@pytest.mark.parametrize("words", ["Starting PostgreSQL", "started (pid"])
def test_a_stop_while_it_starts_ends_every_process(supervise, folder, words):
    process = supervise()
    read_until(process, words)
    # A signal that a keeper gets before it listens is lost on it: the grace runs out, and it is killed.
    process.terminate()
    said = process.communicate(timeout=120)[0]
    assert "Traceback" not in said
    assert wait_for(lambda: not living(folder))


class Interrupted:
    """An output whose first line a SIGTERM interrupts; as a file does, it takes no line within a line."""

    def __init__(self):
        self.text, self.busy = "", False

    def write(self, line):
        if self.busy:
            raise RuntimeError("reentrant call")
        self.busy, first = True, not self.text
        if first:
            os.kill(os.getpid(), signal.SIGTERM)
        self.text += line
        self.busy = False

    def flush(self):
        pass


def test_a_stop_that_comes_while_a_line_is_printed_is_heeded():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    out = Interrupted()
    crew = Crew(Printer(out))
    crew.add_process("sleeper", "exec sleep 60")
    try:
        crew.loop()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        crew.kill()
    assert "SIGTERM received" in out.text
    assert "sleeper stopped" in out.text


def test_a_killed_supervisor_takes_its_processes_with_it(supervise, folder):
    process = supervise()
    read_until(process, READY)
    process.kill()
    assert wait_for(lambda: not living(folder))


def test_after_a_kill_of_supervisor_and_keepers_a_start_ends_what_they_left_and_doubles_nothing(supervise, folder):
    first = supervise()
    read_until(first, READY)
    before = recorded(folder)
    for pid in [first.pid, *(pid for name, pid in before.items() if name.startswith("keeper"))]:
        os.kill(pid, signal.SIGKILL)
    second = supervise()
    said = read_until(second, READY)
    assert "Ended what the last run left behind: " in said
    after = recorded(folder)
    assert after.keys() == before.keys()
    assert not set(before.values()) & set(living(folder))


def test_a_second_supervisor_is_refused_with_a_sentence(supervise, folder):
    read_until(supervise(), READY)
    second = supervise()
    said = second.communicate(timeout=120)[0]
    assert said.startswith(f"FirstRead already runs with the folder {folder / 'var'}.")
    assert "Traceback" not in said
    assert second.returncode == 1


def test_a_taken_port_is_refused_with_a_sentence_before_anything_starts(supervise, folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = supervise(port=port).communicate(timeout=120)[0]
    assert said.startswith(f"Port {port} on 127.0.0.1 cannot be used (Address already in use).")
    assert "FIRSTREAD_PORT" in said
    assert "Traceback" not in said
    assert not (folder / "var" / "postgres").exists()


def test_a_preparation_that_fails_is_told_with_the_end_of_its_log(supervise, folder):
    said = supervise(preparation="raise SystemExit('the schema is broken')").communicate(timeout=120)[0]
    assert "failed" in said
    assert "the schema is broken" in said
    assert wait_for(lambda: not living(folder))


def test_what_is_prepared_is_not_prepared_again(supervise, folder):
    first = supervise(preparation=f"open({str(folder / 'prepared')!r}, 'a').write('once ')")
    read_until(first, READY)
    first.terminate()
    first.communicate(timeout=120)
    second = supervise(preparation=f"open({str(folder / 'prepared')!r}, 'a').write('again')")
    assert "Preparing" not in read_until(second, READY)
    assert (folder / "prepared").read_text() == "once "
