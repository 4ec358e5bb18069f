"""Start an installation, let the nemesis play on it, and judge. Exit 1 where anything is not as it must be."""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from django.db import connection

from tests.faults.conftest import LEASE_S, RUNTIME, SWEEP_S, until
from tests.faults.nemesis import history, judge
from tests.installation import by_itself

SENDERS, READERS = 4, 10
# What is left when the faults end has so long.
ENDED_S = 180


def main():
    parser = argparse.ArgumentParser(prog="tests.faults.nemesis", description="Everything goes wrong at once.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for the client history and the ledger; a new one else")
    given = parser.parse_args()
    out = given.out or Path(tempfile.mkdtemp(prefix="fr-history-"))
    out.mkdir(parents=True, exist_ok=True)
    profile = {"LEASE_S": LEASE_S, "SWEEP_S": SWEEP_S, "RUNTIME": RUNTIME, "CLAIM_MINUTES": 1}
    with by_itself(**profile) as installation:
        installation.manage("migrate", "--verbosity", "0")
        found = _run(installation, given.minutes * 60, given.seed, out)
    print("\n".join(found) or "Nothing was lost, doubled or overwritten.")
    sys.exit(bool(found))


def _run(installation, seconds, seed, out):
    """The sentences about what is wrong afterwards."""
    from tests.faults.nemesis.faults import Nemesis

    kept = history.History(out / "history.jsonl")
    nemesis, over = Nemesis(installation, seed, kept), threading.Event()
    clients = _clients(installation.address, kept, seed, over)
    nemesis.start()
    for client in clients:
        client.start()
    nemesis.play(seconds)
    nemesis.heal()
    over.set()
    for client in clients:
        client.join(120)
    connection.close()  # of a PostgreSQL that was killed since
    ended_s = _wait_for_the_last()
    ledger = _ledger()
    (out / "ledger.json").write_text(json.dumps(ledger))
    operations = history.read(out / "history.jsonl")
    _report(operations, ledger, nemesis.struck, ended_s, out)
    return _wrong(operations, ledger)


def _clients(address, kept, seed, over):
    from knox.models import AuthToken

    from tests import factories
    from tests.faults.nemesis.clients import Reader, Sender

    factories.active_model()
    home = factories.site("home")
    made = []
    for number in range(SENDERS):
        person = factories.technologist(home, username=f"sender{number}")
        who = (person.username, address, AuthToken.objects.create(person)[1], kept, seed, over)
        made.append(Sender(*who, first=1_000_000 * number))
    for number in range(READERS):
        person = factories.radiologist(home, username=f"reader{number}")
        made.append(Reader(person.username, address, AuthToken.objects.create(person)[1], kept, seed, over))
    return made


def _wait_for_the_last():
    """Seconds until every screening and every job had ended; what had not is the checker's to name."""
    from tests.faults.conftest import all_ended

    began = time.monotonic()
    try:
        until(all_ended, ENDED_S, "everything ended")
    except AssertionError as late:
        print(late)
    return time.monotonic() - began


def _ledger():
    from django.db.models import Count

    from screening.models import Image, Read

    images = Image.objects.annotate(predictions_made=Count("predictions")).values_list("sha256", "predictions_made")
    first = Read.objects.filter(addendum_to=None, kind=Read.Kind.FIRST).select_related("reader")
    return {
        "images": [{"sha256": sha256, "predictions": made} for sha256, made in images],
        "reads": [
            {"study": str(read.study_id), "reader": read.reader.username, "finding": read.finding}
            | {"comment": read.comment}
            for read in first
        ],
    }


def _wrong(operations, ledger):
    from tests.faults import checker

    broken = checker.broken(acknowledged=judge.acknowledged(operations))
    found = [f"{name}: {len(rows)} rows, such as {rows[:3]}" for name, rows in broken.items()]
    return found + judge.judge(operations, ledger)


def _report(operations, ledger, struck, ended_s, out):
    counted = Counter((each["what"], each["answer"]) for each in operations if each["what"] != "fault")
    print(f"Faults: {', '.join(f'{name} {count}' for name, count in sorted(struck.items()))}.")
    print(f"Operations: {', '.join(f'{what} {said} {n}' for (what, said), n in sorted(counted.items()))}.")
    print(f"Films answered as kept: {len(judge.acknowledged(operations))}; images: {len(ledger['images'])}.")
    print(f"Signatures: {len(ledger['reads'])}. Everything had ended {ended_s:.0f} s after the last fault was healed.")
    print(f"History and ledger: {out}", flush=True)


if __name__ == "__main__":
    main()
