"""The commands of `manage.py up`: what a server would run as services of its own."""

import hashlib
import os
import shlex
import sys
from functools import partial
from pathlib import Path

from deploy.local.supervisor import Plan

HOST = "127.0.0.1"
# The first seconds belong to those on whom readiness waits. Flower also asks the workers once, when it starts: before
# them it would show none for long.
LATE_S = 8
# The path without its query: a search may hold a name.
ACCESS_FORMAT = "%(t)s %(m)s %(U)s %(s)s %(b)s bytes %(M)s ms"


def plan(root: Path, var: Path, port: int, flower_port: int, watched: str = "") -> Plan:
    """Everything on this machine: two portal processes, one worker a kind of work, beat and Flower; and what takes the
    films of the folder `watched`, where one is."""
    preparation = [sys.executable, str(root / "manage.py"), "prepare"]
    prepared_for = partial(fingerprint, root, var)
    celery = [sys.executable, "-m", "celery", "-A", "workers"]
    commands = {
        "portal": _portal(port),
        "screening": [*celery, *_worker("screening")],
        "operations": [*celery, *_worker("operations")],
        "beat": _late([*celery, "beat", "--schedule", str(var / "run" / "beat"), "--pidfile="]),
        "flower": _late([*celery, "flower", f"--address={HOST}", f"--port={flower_port}"]),
    }
    if watched:
        commands["watch"] = _late([sys.executable, str(root / "manage.py"), "watch", watched])
    return Plan(root, var, HOST, port, flower_port, preparation, prepared_for, commands)


def fingerprint(root: Path, var: Path) -> str:
    """What a preparation depends on: the code with the shipped model, the packages, the settings, and `var/static`."""
    files = [root / "requirements.txt"]
    for folder in ("ml", "screening", "workers", "webportal", "deploy"):
        files += sorted(path for path in (root / folder).rglob("*") if "__pycache__" not in path.parts)
    seen = [f"{path} {path.stat().st_mtime_ns} {path.stat().st_size}" for path in files if path.is_file()]
    seen += [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith("FIRSTREAD_")]
    seen.append(f"static: {(var / 'static').is_dir()}")
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()


def _portal(port: int) -> list[str]:
    """Threads, because an upload that waits for its prediction may hold one for 30 seconds."""
    command = [sys.executable, "-m", "gunicorn", "webportal.wsgi", "--bind", f"{HOST}:{port}", "--no-control-socket"]
    command += ["--worker-class", "gthread", "--workers", "2", "--threads", "4", "--preload"]
    command += ["--timeout", "60", "--graceful-timeout", "25"]
    return [*command, "--access-logfile", "-", "--access-logformat", ACCESS_FORMAT]


def _late(command: list[str]) -> list[str]:
    return ["sh", "-c", f"sleep {LATE_S}; exec {shlex.join(command)}"]


def _worker(kind: str) -> list[str]:
    """One child each, so that the parent goes on answering Flower while a task runs."""
    pool = ["worker", "--queues", kind, "--concurrency", "1", "--pool", "prefork", "--hostname", f"{kind}@%h"]
    return [*pool, "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
