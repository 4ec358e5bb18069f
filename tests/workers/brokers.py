"""Real brokers other than one Redis: RabbitMQ where the machine has it, and Redis behind three Sentinels."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import redis

from deploy.local import binaries
from tests.deploy.conftest import free_port
from tests.faults.conftest import until
from tests.installation import running

# Debian's own name of the script that changes no account.
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
DOWN_MS = 1_000


@contextlib.contextmanager
def rabbitmq(folder):
    """The address of a RabbitMQ that keeps its things in `folder`, and a function that kills and starts it again."""
    port, epmd = free_port(), free_port()
    (folder / "plugins").write_text("[].")
    named = {
        "NODENAME": f"fr{port}@localhost",
        "NODE_PORT": port,
        "NODE_IP_ADDRESS": "127.0.0.1",
        "DIST_PORT": free_port(),
        "MNESIA_BASE": folder / "data",
        "LOG_BASE": folder / "log",
        "ENABLED_PLUGINS_FILE": folder / "plugins",
        "CONFIG_FILE": folder / "none",
        "GENERATED_CONFIG_DIR": folder,
        "CONF_ENV_FILE": os.devnull,
    }
    environment = {**os.environ, "HOME": str(folder), "ERL_EPMD_PORT": str(epmd), "ERL_EPMD_ADDRESS": "127.0.0.1"}
    environment |= {f"RABBITMQ_{name}": str(value) for name, value in named.items()}
    with contextlib.ExitStack() as started:
        # The names' server would outlive its broker, and belong to nobody.
        started.enter_context(running([shutil.which("epmd")], environment, folder / "epmd.log"))

        def start():
            server = started.enter_context(running([RABBITMQ], environment, folder / "rabbitmq.log"))
            until(lambda: "completed with" in server.said(), 120, "RabbitMQ started")
            return server

        server = [start()]

        def restart():
            server[0].kill()
            server[0] = start()

        yield f"amqp://guest:guest@127.0.0.1:{port}//", restart


class Sentinels:
    """Two Redis, of which one follows the other, and three Sentinels that see to it that one of them leads."""

    def __init__(self, folder):
        self.folder, self.servers = folder, {}
        self.redis, self.watching = [free_port(), free_port()], [free_port() for _ in range(3)]
        self.address = ";".join(f"sentinel://127.0.0.1:{port}" for port in self.watching) + "/0"

    def start(self):
        leader, follower = self.redis
        self._serve(leader, "")
        self._serve(follower, f"replicaof 127.0.0.1 {leader}\n")
        until(lambda: b"up" in _said(follower, "master_link_status"), 30, "a follower")
        watch = (
            f"sentinel monitor mymaster 127.0.0.1 {leader} 2\nsentinel down-after-milliseconds mymaster {DOWN_MS}\n"
            "sentinel failover-timeout mymaster 5000\n"
        )
        for port in self.watching:
            self._serve(port, watch, "--sentinel")
        until(lambda: all(self._knows(port) for port in self.watching), 60, "Sentinels that know each other")

    def _serve(self, port, lines, *more):
        file = self.folder / f"{port}.conf"
        file.write_text(f"port {port}\nbind 127.0.0.1\ndir {self.folder}\ndbfilename {port}.rdb\n{lines}")
        with (self.folder / f"{port}.log").open("w") as log:
            command = [binaries.redis_program(), file, *more]
            self.servers[port] = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        until(lambda: _answers(port), 30, "a Redis")

    def _knows(self, port):
        with redis.Redis(port=port) as sentinel:
            found = sentinel.sentinel_master("mymaster")
        return found["num-other-sentinels"] == 2 and found["num-slaves"] == 1

    def leader(self):
        """The port of the Redis that leads now, as the Sentinels say it."""
        with redis.Redis(port=self.watching[0]) as sentinel:
            return sentinel.sentinel_get_master_addr_by_name("mymaster")[1]

    def kill_leader(self):
        """SIGKILL to the Redis that leads; returns once the Sentinels have made the other one lead, and in how long."""
        was, began = self.leader(), time.monotonic()
        self.servers[was].send_signal(signal.SIGKILL)
        until(lambda: self.leader() != was, 60, "another leader")
        return time.monotonic() - began

    def stop(self):
        for server in self.servers.values():
            server.kill()
            server.wait()


def _answers(port):
    try:
        with redis.Redis(port=port) as server:
            return server.ping()
    except redis.RedisError:
        return False


def _said(port, name):
    with redis.Redis(port=port) as server:
        return str(server.info("replication").get(name)).encode()


@contextlib.contextmanager
def sentinels(folder):
    """A Sentinels, started; all of it ends with the block."""
    found = Sentinels(folder)
    try:
        found.start()
        yield found
    finally:
        found.stop()
