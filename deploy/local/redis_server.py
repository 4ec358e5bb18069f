"""Embedded Redis: the doorbell. It keeps its messages over a restart, yet nothing is lost when its folder is."""

import signal
from pathlib import Path

import redis

from deploy.local import addresses, binaries
from deploy.local.processes import Record
from deploy.local.server import Server

KEPT = {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction", "save": ""}


def start(var: Path, record: Record) -> Server:
    """Starts Redis on `var/redis` behind a unix socket of mode 0700, without a port."""
    data, socket = var / "redis", addresses.socket_folder(var) / addresses.REDIS_SOCKET
    data.mkdir(mode=0o700, exist_ok=True)
    settings = {"port": "0", "unixsocket": socket, "unixsocketperm": "700", "dir": data, "daemonize": "no", **KEPT}
    command = [binaries.redis_program(), *(part for key, value in settings.items() for part in (f"--{key}", value))]
    server = Server("redis", signal.SIGTERM, record, var / "log" / "redis.log")
    server.start(command, lambda: _answers(socket))
    return server


def _answers(socket: Path) -> bool:
    try:
        with redis.Redis(unix_socket_path=str(socket)) as client:
            return client.ping()
    except redis.ConnectionError:
        return False
