"""FirstRead as `manage.py up` runs it, in a folder of its own: real PostgreSQL and Redis, portal, operations worker.

No screening worker: what a model costs is another bench's. Started programs say where they failed in `log/`.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.installation import Program, with_stores

# Two sites, for one film is new at each; nobody's day has an end here.
PEOPLE = """
from knox.models import AuthToken
from screening.models import Role, Site, User
from tests.installation import MUCH
sites = [Site.objects.create(code=code, name=code, **MUCH) for code in ("page", "zip", "page2", "zip2")]
user = User.objects.create_user("sender", roles=[Role.TECHNOLOGIST])
user.sites.set(sites)
print(AuthToken.objects.create(user)[1])
"""


class Running:
    """A started installation: `address`, `token` of a technologist of the sites of PEOPLE, `database` (a URL)."""

    def __init__(self, address, token, database, programs):
        self.address, self.token, self.database, self._programs = address, token, database, programs

    def megabytes(self) -> dict[str, float]:
        """The most that any one process of a program holds now, without the limited children."""
        return {name: max(map(_held, [each.pid, *each.children()])) for name, each in self._programs.items()}


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Running]:
    """Everything started under `folder` (a short path), and stopped again."""
    with with_stores(folder) as installation:
        installation.manage("prepare")
        token = installation.manage("shell", "--no-imports", "-c", PEOPLE).split()[-1]
        programs: dict[str, Program] = {
            "operations": installation.start("operations"),
            "portal": installation.started("portal"),
        }
        yield Running(installation.address, token, installation.environment["DATABASE_URL"], programs)
        installation.end_programs()


def _held(pid):
    try:
        return psutil.Process(pid).memory_info().rss / 1e6
    except psutil.NoSuchProcess:
        return 0.0
