"""`manage.py up` whole: every real process, with a stub in place of the model so that no TensorFlow is waited for.

One start serves the file; the last test ends it.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from base64 import b64encode
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy.local import logins
from deploy.local.processes import Record
from tests.deploy.conftest import ROOT, free_port, living, marked, read_until, wait_for
from tests.intake import films

pytestmark = [pytest.mark.faults, pytest.mark.slow]
LAST_LINE = "Ctrl-C"


@pytest.fixture(scope="module")
def up():
    """A started `manage.py up`: its process, what it said until it was ready, its addresses and folders."""
    folder = Path(tempfile.mkdtemp(prefix="fr-t-", dir="/tmp"))
    address, flower = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    (folder / "watched").mkdir()
    environment = marked(folder) | {
        "FIRSTREAD_WATCH": str(folder / "watched"),
        "FIRSTREAD_VAR": str(folder / "var"),
        "FIRSTREAD_PORT": address.rpartition(":")[2],
        "FIRSTREAD_FLOWER_URL": f"{flower}/",
        "FIRSTREAD_RUNTIME": "tests.stub_runtime",
        "TERM": "dumb",
    }
    for name in ("DATABASE_URL", "FIRSTREAD_REDIS_URL"):  # those of this test session
        del environment[name]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    command = [sys.executable, "manage.py", "up"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True, **streams)
    try:
        said = read_until(process, LAST_LINE)
        yield SimpleNamespace(
            process=process, said=said, address=address, flower=flower, folder=folder, var=folder / "var"
        )
    finally:
        for pid in living(folder):
            os.kill(pid, signal.SIGKILL)
        process.communicate()
        shutil.rmtree(folder)


def status(url: str, login: str = "") -> int:
    """The HTTP status of a GET, with `user:password` where given; 0 while nobody answers."""
    header = {"Authorization": f"Basic {b64encode(login.encode()).decode()}"} if login else {}
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=header), timeout=60).status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def recorded(up):
    return {leader.name: leader.pid for leader in Record(up.var / "run" / "processes.json").leaders()}


def test_it_is_ready_when_it_says_so(up):
    answer = json.load(urllib.request.urlopen(f"{up.address}/readyz"))
    assert answer == {"ready": True, "missing": []}


def test_it_says_where_it_is_and_who_may_enter(up):
    assert f"{up.address}/upload" in up.said
    for login in logins.read(up.var)["portal"]:
        assert re.search(rf"{login['role']}.*{login['user']}.*{re.escape(login['password'])}", up.said)


def test_it_shows_no_colour_outside_a_terminal(up):
    assert "\033" not in up.said


def test_flower_asks_for_a_login_of_its_own(up):
    assert wait_for(lambda: status(up.flower)) == 401
    assert status(up.flower, logins.flower(up.var)) == 200


def test_no_password_stands_in_a_command_line_and_the_file_is_closed_to_others(up):
    wait_for(lambda: "flower" in recorded(up))
    known = logins.read(up.var)
    secrets = [login["password"] for login in [*known["portal"], known["flower"]]]
    shown = subprocess.run(["ps", "-eo", "args", "-ww"], capture_output=True, text=True).stdout
    assert not [password for password in secrets if password in shown]
    assert (up.var / "logins.json").stat().st_mode & 0o077 == 0


def test_a_film_that_is_laid_into_the_watched_folder_is_taken(up):
    (up.folder / "watched" / "film.jpg").write_bytes(films.jpeg(1))
    assert wait_for(lambda: list((up.folder / "watched" / "done").rglob("film.jpg")), 60)


def test_a_command_that_is_killed_is_started_again(up):
    os.kill(recorded(up)["portal"], signal.SIGKILL)
    read_until(up.process, "ended with code -9; starts again")
    assert wait_for(lambda: status(f"{up.address}/healthz") == 200)


def test_ctrl_c_ends_every_process_of_it(up):
    os.killpg(up.process.pid, signal.SIGINT)
    said = up.process.communicate(timeout=60)[0]
    assert "Everything is stopped." in said
    assert "Traceback" not in said
    assert up.process.returncode == 0
    assert wait_for(lambda: not living(up.folder))
