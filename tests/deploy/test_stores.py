"""The embedded PostgreSQL and Redis: real ones, in a folder, on sockets, durable, and gone when they are stopped."""

import contextlib
import os
import socket
import stat

import psycopg2
import pytest
import redis

from deploy.local import CannotStart, addresses, stores
from deploy.local.processes import Record, start_of
from tests.deploy.conftest import living


@contextlib.contextmanager
def sql(var):
    with contextlib.closing(psycopg2.connect(host=str(addresses.socket_folder(var)), user="firstread")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def broker(var):
    return redis.Redis(unix_socket_path=str(addresses.socket_folder(var) / addresses.REDIS_SOCKET))


def test_what_is_stored_is_there_after_a_restart(folder):
    with stores.running(folder):
        with sql(folder) as cursor:
            cursor.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        broker(folder).rpush("ring", "a")
    with stores.running(folder):
        with sql(folder) as cursor:
            cursor.execute("SELECT answer FROM kept")
            assert cursor.fetchone() == (42,)
        assert broker(folder).lrange("ring", 0, -1) == [b"a"]


def test_the_stores_are_those_that_the_design_asks_for(folder):
    with stores.running(folder):
        with sql(folder) as cursor:
            cursor.execute(
                "SELECT current_setting('server_version_num')::int / 10000, current_setting('fsync'),"
                " current_setting('listen_addresses'), current_setting('TimeZone'), datcollate, encoding"
                " FROM pg_database WHERE datname = 'firstread'"
            )
            assert cursor.fetchone() == (18, "on", "", "UTC", "C.UTF-8", 6)  # 6 is UTF8
        settings = broker(folder).config_get("a*") | broker(folder).config_get("maxmemory-policy")
        assert settings["appendonly"] == "yes"
        assert settings["appendfsync"] == "everysec"
        assert settings["maxmemory-policy"] == "noeviction"


def test_stopping_leaves_no_process_no_socket_and_no_record(folder):
    with stores.running(folder):
        leaders = Record(folder / "run" / "processes.json").leaders()
        assert {leader.name for leader in leaders} == {"postgres", "redis"}
    assert [start_of(leader.pid) for leader in leaders] == [None, None]
    assert list((folder / "sockets").iterdir()) == []
    assert Record(folder / "run" / "processes.json").leaders() == []


def test_no_other_account_can_reach_the_stores_or_the_films(folder):
    with stores.running(folder):
        for name in (".", "sockets", "media", "postgres", "redis", "log", "run"):
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o700, name


def test_a_deep_folder_gets_a_short_socket_folder_that_stays_the_same(folder):
    var = folder.joinpath(*["a-rather-long-name-of-a-department"] * 4, "var")
    with stores.running(var, durable=False) as environment:
        sockets = addresses.socket_folder(var)
        assert len(os.fsencode(sockets)) < 80
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        assert str(sockets) in environment["DATABASE_URL"]
        with sql(var) as cursor:
            cursor.execute("SELECT 1")
    assert addresses.socket_folder(var) == sockets
    sockets.rmdir()


def test_a_socket_folder_of_somebody_else_is_refused_with_a_sentence(folder, monkeypatch):
    var = folder.joinpath(*["a-rather-long-name-of-a-department"] * 4, "var")
    monkeypatch.setattr(addresses.os, "geteuid", lambda: 4711)
    try:
        with pytest.raises(CannotStart, match="belongs to another account"):
            addresses.make_socket_folder(var)
    finally:
        addresses.socket_folder(var).rmdir()


def test_a_folder_of_another_postgresql_is_refused_with_a_sentence(folder):
    (folder / "postgres").mkdir(parents=True)
    (folder / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(CannotStart, match="made by PostgreSQL 16, and this FirstRead brings PostgreSQL 18"):
        stores.running(folder).__enter__()


def test_a_start_that_was_cut_short_is_made_good_by_the_next(folder):
    (folder / "postgres.new").mkdir(parents=True)
    (folder / "postgres.new" / "half").touch()
    with stores.running(folder, durable=False), sql(folder) as cursor:
        cursor.execute("SELECT 1")


def test_a_missing_redis_is_a_sentence_that_names_the_fix_and_postgresql_is_stopped(folder, monkeypatch):
    monkeypatch.setenv("FIRSTREAD_REDIS_SERVER", str(folder / "absent"))
    with pytest.raises(CannotStart, match="absent does not run as a Redis server"):
        stores.running(folder, durable=False).__enter__()
    assert living(folder) == []


def test_a_failed_statement_leaves_no_value_in_the_log(folder):
    with stores.running(folder, durable=False):
        with sql(folder) as cursor:
            cursor.execute("CREATE TABLE patient (name text UNIQUE)")
            cursor.execute("INSERT INTO patient VALUES ('DOE^JANE')")
            with pytest.raises(psycopg2.IntegrityError):
                cursor.execute("INSERT INTO patient VALUES ('DOE^JANE')")
        assert "duplicate key" in (folder / "log" / "postgres.log").read_text()
        assert "DOE" not in (folder / "log" / "postgres.log").read_text()


def test_redis_has_no_port(folder):
    with stores.running(folder, durable=False):
        assert broker(folder).config_get("port") == {"port": "0"}
        assert stat.S_ISSOCK((folder / "sockets" / "redis.sock").stat().st_mode)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(folder / "sockets" / "redis.sock"))
