"""The record of process groups: ours are ended, whoever has their pid by now is left alone."""

import os
import signal
import subprocess
import sys

import pytest

from deploy.local import processes
from deploy.local.processes import Leader, Record, start_of
from tests.deploy.conftest import wait_for

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def sleeper():
    with subprocess.Popen(SLEEP, start_new_session=True) as child:
        yield child
        child.kill()


@pytest.fixture
def record(tmp_path):
    return Record(tmp_path / "processes.json")


def test_a_recorded_group_is_ended(record, sleeper):
    record.add("sleeper", sleeper.pid)
    assert record.end_all() == ["sleeper"]
    assert sleeper.wait(60) == -signal.SIGTERM
    assert record.leaders() == []


def test_a_process_that_got_the_pid_of_an_old_one_is_left_alone(record, sleeper):
    record.add("sleeper", sleeper.pid)
    text = record.file.read_text().replace(start_of(sleeper.pid), "another time")
    record.file.write_text(text)
    assert record.end_all() == []
    assert sleeper.poll() is None


def test_a_leader_that_does_not_heed_its_signal_is_killed_with_its_group(record, monkeypatch):
    monkeypatch.setattr(processes, "GRACE_S", 0.3)
    # One write each: both speak at once.
    deaf = "import os, signal, time; signal.signal(15, signal.SIG_IGN); r = os.fork(); os.write(1, b'%d\\n' % r)"
    command = [sys.executable, "-c", f"{deaf}; time.sleep(600)"]
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, text=True) as child:
        grandchild = max(int(child.stdout.readline()), int(child.stdout.readline()))
        processes.end([record.add("deaf", child.pid)], grace_s=0.3)
        assert child.wait(60) == -signal.SIGKILL
        assert child.stdout.read() == ""  # closed: the grandchild has gone too
        assert wait_for(lambda: start_of(grandchild) is None)


def test_a_record_is_not_removed_by_the_one_that_came_before(record, sleeper):
    old = Leader("portal", 1, "long ago")
    new = record.add("portal", sleeper.pid)
    record.remove(old)
    assert record.leaders() == [new]
    record.remove(new)
    assert record.leaders() == []


def test_a_process_that_is_gone_has_no_start_time():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert start_of(child.pid) is None
    assert start_of(os.getpid())


def test_a_zombie_counts_as_gone():
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    child.stdout.read()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert start_of(child.pid) is None
    child.wait()
    child.stdout.close()


@pytest.mark.parametrize("content", ["", '{"portal": {"na'])
def test_a_record_that_is_damaged_names_nobody_and_can_be_written_again(record, sleeper, content):
    record.file.write_text(content)
    assert record.end_all() == []
    leader = record.add("sleeper", sleeper.pid)
    assert record.leaders() == [leader]


def test_a_name_stays_in_the_record_until_its_work_has_ended_well(record, sleeper):
    with record.naming("sleeper", sleeper.pid):
        assert [leader.name for leader in record.leaders()] == ["sleeper"]
    assert record.leaders() == []
    with pytest.raises(KeyError), record.naming("sleeper", sleeper.pid):
        raise KeyError
    assert [leader.name for leader in record.leaders()] == ["sleeper"]
