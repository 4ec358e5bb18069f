"""FirstRead as `manage.py up` runs it, in a folder of its own: real PostgreSQL and Redis, portal, operations worker.

No screening worker: what a model costs is another bench's. Started programs say where they failed in `log/`.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import requests

from deploy.local import commands, stores
from tests.deploy.conftest import free_port

ROOT = Path(__file__).resolve().parents[2]
START_S = 120
# Two sites, for one film is new at each; nobody's day has an end here.
PEOPLE = """
from knox.models import AuthToken
from screening.models import Role, Site, User
much = {"daily_files": 10**6, "daily_files_a_user": 10**6, "daily_gigabytes": 10**6}
sites = [Site.objects.create(code=code, name=code, **much) for code in ("page", "zip", "page2", "zip2")]
user = User.objects.create_user("sender", roles=[Role.TECHNOLOGIST])
user.sites.set(sites)
print(AuthToken.objects.create(user)[1])
"""


class Running:
    """A started installation: `address`, `token` of a technologist of the sites of PEOPLE, `database` (a URL)."""

    def __init__(self, address, token, database, processes):
        self.address, self.token, self.database, self._processes = address, token, database, processes

    def megabytes(self) -> dict[str, float]:
        """The most that any one process of a program holds now, without the limited children."""
        return {name: max(map(_held, _family(each))) for name, each in self._processes.items()}


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Running]:
    """Everything started under `folder` (a short path), and stopped again."""
    with contextlib.ExitStack() as started:
        stored = started.enter_context(stores.running(folder / "var"))
        environment = {**os.environ, **stored, "FIRSTREAD_DEMO": "no", "DJANGO_SETTINGS_MODULE": "webportal.settings"}
        _manage(environment, "prepare")
        token = _manage(environment, "shell", "--no-imports", "-c", PEOPLE).split()[-1]
        port, log = free_port(), started.enter_context((folder / "var" / "log" / "bench.log").open("w"))
        celery = [sys.executable, "-m", "celery", "-A", "workers"]
        programs = {"portal": commands._portal(port), "operations": [*celery, *commands._worker("operations")]}
        processes = {
            name: started.enter_context(_started(program, environment, log)) for name, program in programs.items()
        }
        address = f"http://127.0.0.1:{port}"
        _await(address)
        yield Running(address, token, stored["DATABASE_URL"], processes)


def _manage(environment, *arguments):
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True).stdout


@contextlib.contextmanager
def _started(command, environment, log):
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def _await(address):
    ends = time.monotonic() + START_S
    while time.monotonic() < ends:
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(f"{address}/healthz", timeout=5).ok:
                return
        time.sleep(0.2)
    raise SystemExit("the portal did not start")


def _family(process):
    """The program and its children that are Django's; the limited children start as `python -I`."""
    parent = psutil.Process(process.pid)
    return [parent, *(each for each in parent.children(recursive=True) if "-I" not in each.cmdline())]


def _held(process):
    try:
        return process.memory_info().rss / 1e6
    except psutil.NoSuchProcess:
        return 0.0
