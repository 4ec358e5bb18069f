"""Saves the ledger and the films, and brings them back.

    python -m deploy.backup save FOLDER       a new folder with ledger.dump and media/
    python -m deploy.backup restore FOLDER    into the database and the media folder that the settings name

It reads DATABASE_URL and FIRSTREAD_VAR as the portal does; without them it means the embedded services, which have to
be running. The ledger goes first: a file is on disk before its row is, so the copy of the files is never too old.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.local import addresses, binaries

LEDGER, MEDIA = "ledger.dump", "media"
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
    shutil.copytree(media, folder / MEDIA)


def restore(folder: Path, database: str, media: Path) -> None:
    """Replaces the ledger in one transaction, then adds the files; what is under another name stays."""
    options = ["--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error"]
    _postgres("pg_restore", *options, f"--dbname={database}", str(folder / LEDGER))
    _postgres("psql", "--quiet", f"--command={FORGET}", database)
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
