"""Embedded PostgreSQL: initdb and postgres driven directly, on a unix socket whose folder's mode is the lock."""

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg2

from deploy.local import CannotStart, addresses, binaries
from deploy.local.account import Account, postgres_account
from deploy.local.processes import Record
from deploy.local.server import Server

# A failed statement would carry a patient's name into the log, and so would the DETAIL line of a broken constraint.
DISCREET = {"log_min_error_statement": "panic", "log_error_verbosity": "terse"}
HASTY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}  # for tests: nothing to survive


def start(var: Path, record: Record, durable: bool = True) -> Server:
    """Starts PostgreSQL 18 on `var/postgres`, made when it is not there, with an empty database `firstread`."""
    programs = binaries.postgres_programs()
    account = postgres_account(programs)
    data, sockets = var / "postgres", addresses.socket_folder(var)
    _check_version(programs, data)
    if account.options:  # `nobody` has to pass through, and to lay its socket down
        var.chmod(0o711)
        account.admit(sockets)
    if not data.exists():
        _initdb(programs, data, account, durable)
    account.own(data)
    server = Server("postgres", signal.SIGINT, record, var / "log" / "postgres.log")  # SIGTERM waits for clients
    server.start([programs / "postgres", "-D", data, *_options(sockets, durable)], lambda: _answers(sockets), account)
    _create_database(sockets)
    return server


def _check_version(programs: Path, data: Path) -> None:
    file = data / "PG_VERSION"
    said = subprocess.run(
        [programs / "postgres", "--version"], capture_output=True, text=True, check=True, cwd="/"
    ).stdout
    ours = said.split()[-1].split(".")[0]
    theirs = file.read_text().strip() if file.exists() else ours
    if theirs != ours:
        raise CannotStart(
            f"{data} was made by PostgreSQL {theirs}, and this FirstRead brings PostgreSQL {ours}. Dump it with "
            f"version {theirs} and restore it here, or move the folder away to begin with an empty database."
        )


def _initdb(programs: Path, data: Path, account: Account, durable: bool) -> None:
    """Fills a folder beside `data` and renames it, so that a start cut short leaves nothing half made."""
    fresh = data.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    account.own(fresh)
    command = [programs / "initdb", "-D", fresh, "--username", addresses.ROLE, "--auth=trust", "--encoding=UTF8"]
    command += [
        "--locale=C.UTF-8",
        "--locale-provider=builtin",
        "--no-instructions",
        *([] if durable else ["--no-sync"]),
    ]
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    options = {"capture_output": True, "text": True, "env": environment, "cwd": "/", **account.options}
    done = subprocess.run([*account.prefix, *command], check=False, **options)
    if done.returncode:
        hint = "\nIt runs as nobody here: set FIRSTREAD_VAR to a folder that every account may enter."
        said = (done.stderr or done.stdout).strip() + (hint if account.options else "")
        raise CannotStart(f"PostgreSQL could not make its folder {data}:\n{said}")
    fresh.rename(data)


def _options(sockets: Path, durable: bool) -> list[str]:
    settings = {"listen_addresses": "", "unix_socket_directories": f'"{sockets}"', "unix_socket_permissions": "0700"}
    settings |= {"timezone": "UTC", "log_timezone": "UTC", **DISCREET, **({} if durable else HASTY)}
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _connect(sockets: Path, database: str):
    return psycopg2.connect(host=str(sockets), user=addresses.ROLE, dbname=database, connect_timeout=5)


def _answers(sockets: Path) -> bool:
    try:
        _connect(sockets, "postgres").close()
    except psycopg2.OperationalError:
        return False
    return True


@contextlib.contextmanager
def _cursor(sockets: Path):
    with contextlib.closing(_connect(sockets, "postgres")) as connection:
        connection.autocommit = True  # CREATE DATABASE runs outside a transaction
        with connection.cursor() as cursor:
            yield cursor


def _create_database(sockets: Path) -> None:
    with _cursor(sockets) as cursor, contextlib.suppress(psycopg2.errors.DuplicateDatabase):
        cursor.execute(f"CREATE DATABASE {addresses.DATABASE}")


def remark(var: Path) -> str:
    """What `set_remark` last wrote beside the database; it shares the database's fate, unlike a file."""
    with _cursor(addresses.socket_folder(var)) as cursor:
        cursor.execute("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'firstread'")
        return cursor.fetchone()[0] or ""


def set_remark(var: Path, text: str) -> None:
    with _cursor(addresses.socket_folder(var)) as cursor:
        cursor.execute(f"COMMENT ON DATABASE {addresses.DATABASE} IS %s", [text])
