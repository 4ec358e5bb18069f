"""A child that hangs is ended by the watchdog; one that goes on, or rests, is left alone."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from django.core.files.storage import FileSystemStorage
from django.db.models.functions import Now

from screening.models import Job
from tests import factories
from tests.installation import ROOT
from workers import engine, loading

STEPS = """
import ctypes, time, django
django.setup()
from workers import watchdog
watchdog.STEP_S = 4
for _ in range(3):
    watchdog.step()
    time.sleep(1.5)
watchdog.rest()
time.sleep(4.5)
print("goes on", flush=True)
watchdog.step()
ctypes.PyDLL(None).sleep(30)
"""


def test_a_process_that_hangs_with_pythons_lock_is_ended_and_says_where(db, process_environment):
    run = subprocess.run(
        [sys.executable, "-c", STEPS], env=process_environment, cwd=ROOT, capture_output=True, text=True, timeout=100,
        check=False,
    )  # fmt: skip
    assert run.stdout == "goes on\n"
    assert run.returncode == 1
    assert 'File "<string>", line 13' in run.stderr


@pytest.fixture
def asked(db):
    """Three explanations that somebody waits for."""
    version, site = factories.active_model(), factories.site()
    studies = [factories.study(site) for _ in range(3)]
    return [
        Job.objects.create(kind=Job.Kind.EXPLAIN, image=study.images.get(), model_version=version) for study in studies
    ]


@pytest.fixture(autouse=True)
def fresh_engine():
    loading.forget()
    yield
    loading.forget()


def test_an_explanation_that_cannot_be_kept_waits_for_the_storage_and_is_no_crash(asked, rung, monkeypatch):
    engine.load()
    with monkeypatch.context() as patch:
        patch.setattr(FileSystemStorage, "_save", lambda *_: (_ for _ in ()).throw(OSError(5, "Input/output error")))
        engine.explain()
    found = Job.objects.values_list("state", "error_code", "crashes", "file")
    assert set(found) == {("pending", "storage_away", 0, "")}
    Job.objects.update(next_attempt_at=Now())
    engine.explain()
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}


def test_explanations_let_the_screenings_in_after_a_while_and_ring_for_what_is_left(asked, rung, monkeypatch):
    seconds = iter(range(100))
    monkeypatch.setattr(engine, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    monkeypatch.setattr(engine, "WORK_S", 2.5)
    engine.explain()
    assert Job.objects.filter(state="done").count() == 2
    assert rung["jobs"] == [Job.objects.get(state="pending")]
