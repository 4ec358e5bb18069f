"""The backup: what was saved comes back, over whatever was there."""

import contextlib
import shutil
import subprocess
import sys

import psycopg2
import pytest

import deploy.backup
from deploy.local import addresses, postgres, stores
from tests.deploy.conftest import ROOT
from tests.deploy.test_stores import sql


@pytest.fixture
def backup(folder):
    """`python -m deploy.backup` against stores of its own; gives a function that returns the finished process."""
    with stores.running(folder / "var", durable=False) as environment:

        def call(*arguments, **others):
            command = [sys.executable, "-m", "deploy.backup", *map(str, arguments)]
            said = {"PATH": "/usr/bin:/bin", **environment, **others}
            return subprocess.run(command, cwd=ROOT, env=said, capture_output=True)

        yield call


def test_a_saved_ledger_and_its_films_come_back_after_a_loss(backup, folder):
    with sql(folder / "var") as cursor:
        cursor.execute("CREATE TABLE study AS SELECT 7 AS score")
    film = folder / "var" / "media" / "ab" / "film.png"
    film.parent.mkdir()
    film.write_bytes(b"film")
    assert backup("save", folder / "saved").returncode == 0
    film.unlink()
    with sql(folder / "var") as cursor:
        cursor.execute("UPDATE study SET score = 0")
    postgres.set_remark(folder / "var", "prepared")
    done = backup("restore", folder / "saved")
    assert done.returncode == 0, done.stderr
    assert film.read_bytes() == b"film"
    with sql(folder / "var") as cursor:
        cursor.execute("SELECT score FROM study")
        assert cursor.fetchall() == [(7,)]
    assert postgres.remark(folder / "var") == ""  # a saved ledger may be older than the code: the next start migrates


def test_what_a_later_version_has_added_to_the_ledger_is_gone_after_a_restore(backup, folder):
    with sql(folder / "var") as cursor:
        cursor.execute("CREATE TABLE study (id int PRIMARY KEY)")
    assert backup("save", folder / "saved").returncode == 0
    with sql(folder / "var") as cursor:
        cursor.execute("CREATE TABLE notice (study int REFERENCES study)")
    for _ in range(2):
        done = backup("restore", folder / "saved")
        assert done.returncode == 0, done.stderr
    with sql(folder / "var") as cursor:
        cursor.execute("SELECT to_regclass('study') IS NULL, to_regclass('notice') IS NULL")
        assert cursor.fetchall() == [(False, True)]


def test_a_damaged_dump_changes_nothing(backup, folder):
    with sql(folder / "var") as cursor:
        cursor.execute("CREATE TABLE study AS SELECT generate_series(1, 1000) AS score")
    assert backup("save", folder / "saved").returncode == 0
    dump = folder / "saved" / "ledger.dump"
    dump.write_bytes(dump.read_bytes()[:-1000])
    assert backup("restore", folder / "saved").returncode == 1
    with sql(folder / "var") as cursor:
        cursor.execute("SELECT count(*) FROM study")
        assert cursor.fetchall() == [(1000,)]


def test_a_file_that_goes_while_it_is_being_copied_is_no_failure(tmp_path, monkeypatch):
    (tmp_path / "media").mkdir()
    for name in ("film.png", "arriving"):
        (tmp_path / "media" / name).write_bytes(b"film")
    copied = shutil.copy2

    def copy(source, target):
        (tmp_path / "media" / "arriving").unlink(missing_ok=True)
        return copied(source, target)

    monkeypatch.setattr(deploy.backup, "_postgres", lambda *_: None)
    monkeypatch.setattr(shutil, "copy2", copy)
    deploy.backup.save(tmp_path / "saved", "", tmp_path / "media")
    assert [each.name for each in (tmp_path / "saved" / "media").iterdir()] == ["film.png"]


def test_a_ledger_comes_back_into_a_database_of_any_name(backup, folder):
    with sql(folder / "var") as cursor:
        cursor.execute("CREATE TABLE study AS SELECT 7 AS score")
        cursor.execute('CREATE DATABASE "x-ray"')
    assert backup("save", folder / "saved").returncode == 0
    elsewhere = addresses.database_url(folder / "var").replace("/firstread?", "/x-ray?")
    done = backup("restore", folder / "saved", DATABASE_URL=elsewhere)
    assert done.returncode == 0, done.stderr
    with contextlib.closing(psycopg2.connect(elsewhere)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT score FROM study")
        assert cursor.fetchall() == [(7,)]


def test_a_backup_is_never_written_over_another(backup, folder):
    (folder / "saved").mkdir()
    done = backup("save", folder / "saved")
    assert done.returncode == 1
    assert b"File exists" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_backup_is_closed_to_other_accounts(backup, folder):
    backup("save", folder / "saved")
    assert (folder / "saved").stat().st_mode & 0o077 == 0
