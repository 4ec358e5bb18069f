"""`manage.py watch` as a process of its own: stopped and killed in the middle, and nothing is lost or doubled."""

import signal
import subprocess
import sys

import pytest
from django.conf import settings

from screening.models import Image, Receipt
from tests import factories
from tests.faults.conftest import until
from tests.intake import films

pytestmark = pytest.mark.faults
FILMS = 40


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "watched"
    path.mkdir()
    for seed in range(FILMS):
        (path / f"{seed}.jpg").write_bytes(films.jpeg(seed))
    return path


@pytest.fixture
def watch(process_environment, folder):
    """Starts a watch of the folder; gives the process. All are killed at the end."""
    factories.active_model()
    factories.site("ward")
    started = []

    def start(*options):
        command = [sys.executable, "manage.py", "watch", folder, "--settle", "0", *options]
        streams = {"stderr": subprocess.PIPE, "text": True}
        environment = process_environment | {"FIRSTREAD_VAR": str(folder.parent / "var")}
        started.append(subprocess.Popen(command, env=environment, cwd=settings.ROOT, **streams))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def left(folder):
    return len(list(folder.glob("*.jpg")))


def done(folder):
    return len(list((folder / "done").rglob("*.jpg")))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_the_files_in_hand(watch, folder, how):
    running = watch()
    until(Receipt.objects.exists, 60, "the first file")
    running.send_signal(how)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 0
    assert "Traceback" not in said
    assert done(folder) == Receipt.objects.count()
    assert left(folder) + done(folder) == FILMS


def test_killed_in_the_middle_the_next_one_takes_every_film_exactly_once(watch, folder):
    running = watch()
    until(lambda: Receipt.objects.count() > 5, 60, "the watch in the middle")
    running.kill()
    running.wait()
    watch("--once").wait(60)
    assert (left(folder), done(folder)) == (0, FILMS)
    assert Image.objects.count() == FILMS
    assert Receipt.objects.filter(outcome="accepted").count() == FILMS
    assert set(Receipt.objects.exclude(outcome="accepted").values_list("outcome", flat=True)) <= {"duplicate"}


def test_a_second_watch_ends_and_the_lock_goes_with_a_killed_one(watch, folder):
    first = watch()
    until(Receipt.objects.exists, 60, "the first file")
    second = watch()
    _, said = second.communicate(timeout=60)
    assert second.returncode == 1
    assert "Another `manage.py watch` has" in said
    first.kill()
    first.wait()
    assert watch("--once").wait(60) == 0
    assert Image.objects.count() == FILMS


def test_two_that_share_a_folder_without_locks_do_no_harm(watch, folder):
    (folder / ".firstread.lock").touch()
    both = []
    for _ in range(2):
        both.append(watch("--once"))
        until((folder / "done").exists, 60, "it has begun")
        (folder / ".firstread.lock").unlink(missing_ok=True)  # the second locks another file of that name
    assert [each.wait(60) for each in both] == [0, 0]
    assert (left(folder), done(folder)) == (0, FILMS)
    assert Image.objects.count() == FILMS
