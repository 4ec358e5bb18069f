"""Phantoms in class folders, and a training in a process of its own that can be killed."""

import json
import subprocess
import sys
import time
from pathlib import Path

from ml import phantom
from tests.ml.drawing import jpeg

SLOWLY = """
import json, sys, time
from pathlib import Path
from ml import batches, train
usual = batches.Batches.__getitem__
batches.Batches.__getitem__ = lambda self, index: (time.sleep(0.3), usual(self, index))[1]
train.run(train.Config(**json.loads(sys.argv[1])), Path(sys.argv[2]))
"""


def films(folder: Path, count: int = 24) -> Path:
    """`count` phantoms of each of three classes, each of a patient of its own."""
    for i, (name, opacity) in enumerate((("NORMAL", False), ("BACTERIAL", True), ("VIRAL", True))):
        (folder / name).mkdir(parents=True)
        for seed in range(count):
            film = phantom.draw(seed + 100 * i, opacity, size=(130, 150))
            (folder / name / f"person{seed + 100 * i}_{seed}.jpeg").write_bytes(jpeg(film))
    return folder


def killed_in_the_second_epoch(config, out: Path) -> None:
    """Begin the run, a batch at a time, and kill it without warning when one epoch is kept and another has begun."""
    settings = json.dumps(vars(config))
    process = subprocess.Popen([sys.executable, "-c", SLOWLY, settings, str(out)], stdout=subprocess.DEVNULL)
    try:
        _wait_for(out / "backup" / "training_metadata.json", process)
        time.sleep(0.8)  # some batches into the second
    finally:
        process.kill()
        process.wait()


def _wait_for(file: Path, process: subprocess.Popen, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not file.is_file():
        assert process.poll() is None and time.monotonic() < end, f"{file.name} never came"
        time.sleep(0.05)
