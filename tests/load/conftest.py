"""Real processes under load, their memory looked at twice a second; films are drawn, all different, none kept here."""

import io
import sys
import threading
import zipfile
from contextlib import contextmanager

import numpy as np
import psutil
import pytest
from PIL import Image

from deploy.local import commands
from tests import installation
from tests.deploy.conftest import free_port

LOOK_S = 0.5
SIDE = 160


def films(count):
    """(name, JPEG) of so many different small films."""
    rows = np.linspace(30, 220, SIDE, dtype=np.uint8)[:, None]
    for number in range(count):
        drawn = np.random.default_rng(number)
        picture = np.repeat(rows, SIDE, axis=1)
        picture[40:72, 40:72] = drawn.integers(0, 256, (32, 32))
        out = io.BytesIO()
        Image.fromarray(picture).save(out, "JPEG", quality=90)
        yield f"{number // 500}/{number}.jpg", out.getvalue()


def bad_films():
    """Two that are no films: one cut off, one of another type."""
    _, whole = next(films(1))
    yield "bad/cut off.jpg", whole[: len(whole) // 2]
    yield "bad/a.gif", b"GIF89a" + bytes(100)


def packed(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return path


def laid(folder, files):
    for name, data in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


class Memory(threading.Thread):
    """The most memory that a process and all below it held together, and the most of the process alone, in MB."""

    def __init__(self, process):
        super().__init__(daemon=True)
        self._process, self._over = psutil.Process(process.pid), threading.Event()
        self.together = self.alone = 0.0

    def run(self):
        while not self._over.wait(LOOK_S):
            try:
                alone = self._process.memory_info().rss
                below = [_held(each) for each in self._process.children(recursive=True)]
            except psutil.NoSuchProcess:
                return
            self.alone = max(self.alone, alone / 1e6)
            self.together = max(self.together, (alone + sum(below)) / 1e6)

    def stop(self):
        self._over.set()
        self.join()


def _held(process):
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0


@contextmanager
def running(command, environment, log):
    """(process, its Memory) of a real process whose words go to the file `log`, ended with the block."""
    with installation.running(command, environment, log) as program:
        memory = Memory(program.process)
        memory.start()
        try:
            yield program.process, memory
        finally:
            memory.stop()


@pytest.fixture
def environment(process_environment, tmp_path, settings):
    own = {"FIRSTREAD_VAR": str(tmp_path / "var"), "FIRSTREAD_RUNTIME": "tests.stub_runtime"}
    return process_environment | own | {"FIRSTREAD_SECRET_KEY": settings.SECRET_KEY}  # sessions are made here


@pytest.fixture
def home(transactional_db, factories):
    factories.active_model()
    return factories.site("ward", daily_files=100_000, daily_files_a_user=100_000)


@pytest.fixture
def log(tmp_path):
    return tmp_path / "processes.log"


@pytest.fixture
def portal(environment, log):
    """(address, Memory) of a portal as `manage.py up` starts it."""
    port = free_port()
    with running(commands._portal(port), environment, log) as (_, memory):
        yield f"http://127.0.0.1:{port}", memory


@pytest.fixture
def operations(environment, log):
    """The Memory of an operations worker with beat inside."""
    command = [sys.executable, "-m", "celery", "-A", "workers", "worker", "-Q", "operations", "-c", "1", "-B"]
    schedule = ["-s", f"{environment['FIRSTREAD_VAR']}-beat", "-n", "ops@load"]
    with running([*command, *schedule], environment, log) as (_, memory):
        yield memory
