"""Where the embedded services listen: unix sockets only, in a folder that no other account may enter."""

import hashlib
import os
import stat
from pathlib import Path
from urllib.parse import quote

from deploy.local import CannotStart

LONGEST_SOCKET = 100  # sockaddr_un holds 107 bytes; PostgreSQL also writes ".lock" files beside its socket
PG_SOCKET = ".s.PGSQL.5432"
REDIS_SOCKET = "redis.sock"
DATABASE = ROLE = "firstread"


def socket_folder(var: Path) -> Path:
    """The folder of both sockets: inside `var`, or a short name under /tmp that stays the same for a deep `var`."""
    inside = var.resolve() / "sockets"
    if len(os.fsencode(inside / PG_SOCKET)) <= LONGEST_SOCKET:
        return inside
    digest = hashlib.sha256(os.fsencode(var.resolve())).hexdigest()[:16]
    return Path("/tmp") / f"firstread-{os.geteuid()}-{digest}"


def make_socket_folder(var: Path) -> Path:
    """Creates the folder with mode 0700; raises CannotStart when /tmp holds somebody else's under its name."""
    folder = socket_folder(var)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise CannotStart(f"{folder} belongs to another account. Remove it, or set FIRSTREAD_VAR to a shorter path.")
    folder.chmod(0o700)
    return folder


def database_url(var: Path) -> str:
    """The embedded database as django-environ reads it; the socket folder travels as a query parameter."""
    return f"postgres://{ROLE}@/{DATABASE}?host={quote(str(socket_folder(var)))}"


def redis_url(var: Path) -> str:
    """The embedded broker in kombu's spelling (redis-py itself says unix:// for the same socket)."""
    return f"redis+socket://{quote(str(socket_folder(var) / REDIS_SOCKET))}"
