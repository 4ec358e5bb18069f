"""Waits until the portal is ready, then says where it is and who may enter.

python -m deploy.local.announce VAR ADDRESS FLOWER_ADDRESS
"""

import contextlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deploy.local import logins

PATIENCE_S = 20.0  # after which it says what is missing
ASK_EVERY_S = 0.5


def main(var: Path, address: str, flower: str) -> None:
    supervisor, began, said = os.getppid(), time.monotonic(), ""
    while os.getppid() == supervisor:
        missing = what_is_missing(address)
        if not missing:
            show(var, address, flower)
            return
        if missing != said and time.monotonic() - began > PATIENCE_S:
            print(f"Not ready yet: {missing}.", flush=True)
            said = missing
        time.sleep(ASK_EVERY_S)


def what_is_missing(address: str) -> str:
    """Empty when /readyz says ready, else what it says is missing."""
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=5):
            return ""
    except urllib.error.HTTPError as error:
        return _named(error.read())
    except OSError:
        return "the portal does not answer"


def _named(body: bytes) -> str:
    try:
        missing = json.loads(body).get("missing", body)
    except ValueError:
        return "the portal answers with an error; see var/log/portal.log"
    return ", ".join(missing) if isinstance(missing, list) else str(missing)


def show(var: Path, address: str, flower: str) -> None:
    known = logins.read(var)
    table = Table("role", "user", "password", title="Logins", title_justify="left")
    for login in known.get("portal", []):
        table.add_row(login["role"], login["user"], login["password"])
    if "flower" in known:
        table.add_row("Flower", known["flower"]["user"], known["flower"]["password"])
    console = Console(highlight=False)
    console.print(f"\n[bold]FirstRead is ready:[/bold] {address}/", soft_wrap=True)
    console.print(table)
    for line in (
        f"Workers and tasks  {flower}",
        f"Upload             {address}/upload, or: .venv/bin/python manage.py ingest PATH... --wait",
        f"Films to try       {var / 'samples'}",
        f"Logs               {var / 'log'}",
        "Stop               Ctrl-C",
    ):
        console.print(line, soft_wrap=True, markup=False)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
