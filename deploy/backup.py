"""Saves the ledger and the films, and brings them back.

    python -m deploy.backup save FOLDER       a new folder with ledger.dump and media/
    python -m deploy.backup restore FOLDER    into the database and the media folder that the settings name

It reads DATABASE_URL and FIRSTREAD_VAR as the portal does; without them it means the embedded services, which have to
be running. The ledger goes first: a film is on disk before its row is. What is on its way meanwhile may be dropped
before it is copied, and an archive that was being unpacked is said to be missing after a restore: send it again.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.local import addresses, binaries

LEDGER, MEDIA = "ledger.dump", "media"
# Not pg_restore's own way, which drops what it knows: what a later version has added hangs on it.
EMPTY = """
SET client_min_messages = warning;
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
GRANT USAGE ON SCHEMA public TO PUBLIC;
"""
# What `manage.py up` remembers of its preparation no longer holds after a restore: the next start has to migrate again.
FORGET = """
DO $$ BEGIN
    IF (SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()) <> '' THEN
        EXECUTE format('COMMENT ON DATABASE %I IS NULL', current_database());
    END IF;
END $$
"""


def save(folder: Path, database: str, media: Path) -> None:
    """Writes both parts into `folder`, which must not exist, readable by this account alone."""
    folder.mkdir(mode=0o700, parents=True)
    _postgres("pg_dump", "--format=custom", f"--file={folder / LEDGER}", database)
    shutil.copytree(media, folder / MEDIA, copy_function=_copied)


def _copied(source: str, target: str) -> None:
    with contextlib.suppress(FileNotFoundError):  # dropped since its folder was listed
        shutil.copy2(source, target)


def restore(folder: Path, database: str, media: Path) -> None:
    """Replaces the ledger in one transaction, then adds the files; what is under another name stays."""
    with tempfile.TemporaryDirectory() as scratch:
        # In two steps, for psql would commit what a damaged dump gave until it broke off.
        script = Path(scratch) / "ledger.sql"
        _postgres("pg_restore", "--no-owner", f"--file={script}", str(folder / LEDGER))
        options = ["--quiet", "--no-psqlrc", "--output=/dev/null", "--single-transaction", "--set=ON_ERROR_STOP=1"]
        _postgres("psql", *options, f"--command={EMPTY}", f"--file={script}", f"--command={FORGET}", database)
    shutil.copytree(folder / MEDIA, media, dirs_exist_ok=True)


def _postgres(program: str, *arguments: str) -> None:
    subprocess.run([binaries.postgres_programs() / program, *arguments], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="deploy.backup", description="Saves the ledger and the films.")
    parser.add_argument("what", choices=["save", "restore"])
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    var = Path(os.environ.get("FIRSTREAD_VAR", Path(__file__).resolve().parent.parent / "var"))
    database = os.environ.get("DATABASE_URL", addresses.database_url(var))
    try:
        {"save": save, "restore": restore}[given.what](given.folder, database, var / MEDIA)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"{given.what} failed: {error}")


if __name__ == "__main__":
    main()
