"""The benchmark of screening itself: a small run of it says what a large one would."""

import json
import subprocess
import sys

import pytest

from tests.bench.screening import words
from tests.installation import ROOT

FOUND = {
    "films": 2,
    "megabytes_a_film": 0.5,
    "films_a_second": {"screening": 90.0, "ideal from renditions": 100.0},
    "ratios": {"screening / ideal from renditions": {"median": 0.84, "lowest": 0.8, "highest": 0.9}},
    "stages_ms": {"screening": {"queued": 900, "read": 40, "held": 300, "predicted": 340, "written": 60}},
    "stat": {"seconds": [0.5, 1.9], "batch_s": 0.4, "goal_s": 1.8},
    "two_workers": {"ratios": [0.95, 0.97], "shares": [0.45, 0.39]},
    "enqueue_seconds": 2.0,
    "enqueued": 10_000,
    "stub_films_a_second": 301.0,
}


def test_each_goal_is_said_to_be_reached_or_missed():
    lines = words.said(FOUND).splitlines()
    missed = [line for line in lines if line.endswith("missed")]
    assert [line.split("  ")[0].strip() or line.split("  ")[1] for line in missed] == [
        "screening / ideal from renditions", "a stat film behind 5,000 routine ones", "the smaller share of the films",
    ]  # fmt: skip
    assert sum(line.endswith("reached") for line in lines) == 3


@pytest.mark.load
@pytest.mark.slow
def test_a_small_run_gives_every_figure(tmp_path):
    out = tmp_path / "figures.json"
    command = [sys.executable, "manage.py", "benchmark", "-n", "16", "--rounds", "1", "--json", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    assert set(found) == set(FOUND)
    assert set(words.GOALS) <= set(found["ratios"])
    assert all(stage in found["stages_ms"]["upload"] for stage in ("queued", "read", "held", "predicted", "written"))
    assert "of the films" in done.stdout
