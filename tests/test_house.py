"""The house of the design: imports run one way, and nothing that Django or Celery loads brings TensorFlow in."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_imports_run_one_way():
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[done.stdout.find("Contracts") :]


LOADED = """
import sys
import django
django.setup()
from django.urls import get_resolver
get_resolver().url_patterns  # every view, and the API
from workers.celery import app
app.loader.import_default_modules()
assert "workers.tasks.screen" in app.tasks, sorted(app.tasks)
print(*{"tensorflow", "keras", "openvino"} & set(sys.modules))
"""


def test_neither_setup_nor_task_discovery_nor_the_views_load_tensorflow():
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
