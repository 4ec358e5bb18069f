"""Which process groups we started, told from strangers by pid and start time, and how to end them."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

GRACE_S = 10.0


@dataclass(frozen=True)
class Leader:
    """The first process of a group of ours; `started` tells it from a later process that got the same pid."""

    name: str
    pid: int
    started: str
    stop: int = signal.SIGTERM

    @property
    def alive(self) -> bool:
        return start_of(self.pid) == self.started


def start_of(pid: int) -> str | None:
    """When process `pid` started, as text that only serves to compare; None when it is gone (a zombie is gone)."""
    if not Path("/proc/self/stat").exists():
        shown = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)], check=False, capture_output=True, text=True
        ).stdout
        return shown.strip() or None
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # Ticks count from boot, so the boot is part of the name.
    return None if fields[0] in "ZX" else f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {fields[19]}"


class Record:
    """The file that names every group of this `var` folder, so that a start can end what a crash left behind."""

    def __init__(self, file: Path):
        self.file = file

    def add(self, name: str, pid: int, stop: int = signal.SIGTERM) -> Leader:
        leader = Leader(name, pid, start_of(pid) or "ended at once", stop)
        with self._edited() as leaders:
            leaders[name] = asdict(leader)
        return leader

    def remove(self, leader: Leader) -> None:
        """Forgets `leader`, unless its name belongs to a later one by now."""
        with self._edited() as leaders:
            if leaders.get(leader.name) == asdict(leader):
                del leaders[leader.name]

    def leaders(self) -> list[Leader]:
        with self._edited() as leaders:
            return [Leader(**fields) for fields in leaders.values()]

    def end_all(self) -> list[str]:
        """Ends every recorded group whose leader still lives, and forgets all; returns the names of those ended."""
        living = [leader for leader in self.leaders() if leader.alive]
        end(living)
        with self._edited() as leaders:
            leaders.clear()
        return [leader.name for leader in living]

    @contextlib.contextmanager
    def naming(self, name: str, pid: int) -> Iterator[None]:
        """Names a leader until the block has ended well, as far as the disk takes it: a full one ends nobody."""
        leader = None
        with contextlib.suppress(OSError):
            leader = self.add(name, pid)
        yield
        with contextlib.suppress(OSError):
            if leader:
                self.remove(leader)

    def _read(self) -> dict[str, dict]:
        """A file that a power cut has damaged names nobody, and keeps nothing from starting."""
        try:
            return json.loads(self.file.read_text()) if self.file.exists() else {}
        except ValueError:
            return {}

    @contextlib.contextmanager
    def _edited(self) -> Iterator[dict[str, dict]]:
        """The file's content for reading or changing, under a lock: several keepers write it."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            leaders = self._read()
            before = json.dumps(leaders)
            yield leaders
            if json.dumps(leaders) != before:
                fresh = self.file.with_suffix(".new")
                fresh.write_text(json.dumps(leaders, indent=1))
                fresh.replace(self.file)


def end(leaders: Iterable[Leader], grace_s: float = GRACE_S) -> None:
    """Asks each leader alone to stop (it knows how to end its children), then kills what is left of its group."""
    leaders = list(leaders)
    for leader in leaders:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(leader.pid, leader.stop)
    deadline = time.monotonic() + grace_s
    while any(leader.alive for leader in leaders) and time.monotonic() < deadline:
        time.sleep(0.05)
    for leader in leaders:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader.pid, signal.SIGKILL)
