"""The bench itself: a small run of it says what a large one would."""

import json
import subprocess
import sys

import pytest

from tests.installation import ROOT

pytestmark = [pytest.mark.load, pytest.mark.slow]


def test_a_small_run_gives_every_figure(tmp_path):
    out = tmp_path / "figures.json"
    command = [sys.executable, "-m", "tests.bench", "-n", "24", "--rounds", "1", "--memory", "600", "--json", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    assert set(found["films_a_second"]) == {"loop", "page", "zip"}
    assert set(found["ratio"]) == {"page", "zip"}
    assert set(found["megabytes"]["zip"]) == {"500", "600"}
    assert "of the loop" in done.stdout
