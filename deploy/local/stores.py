"""Both stores together: started before everything that uses them, stopped after it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from deploy.local import addresses, postgres, redis_server
from deploy.local.processes import Record


@contextlib.contextmanager
def running(var: Path, durable: bool = True) -> Iterator[dict[str, str]]:
    """Starts PostgreSQL and Redis under `var`; gives the environment that leads there; stops both at the end.

    `durable=False` skips every fsync: for tests. Raises CannotStart with a sentence.
    """
    record = make_folders(var)
    with contextlib.ExitStack() as started:
        started.callback(postgres.start(var, record, durable).stop)
        started.callback(redis_server.start(var, record).stop)
        yield {
            "FIRSTREAD_VAR": str(var),
            "DATABASE_URL": addresses.database_url(var),
            "FIRSTREAD_REDIS_URL": addresses.redis_url(var),
        }


def make_folders(var: Path) -> Record:
    """Makes `var` with its folders, closed to other accounts, and gives the record of what runs there."""
    for folder in (var, var / "log", var / "run", var / "media"):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    addresses.make_socket_folder(var)
    return Record(var / "run" / "processes.json")
