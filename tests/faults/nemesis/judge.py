"""The judge: pure functions over a client history and what the ledger holds at the end. It runs without FirstRead.

    python -m tests.faults.nemesis.judge FOLDER     the folder that a run has named

The ledger is {"images": [{"sha256", "predictions"}], "reads": [{"study", "reader", "finding", "comment"}]}, the first
reads alone; every comment is one of a kind.
"""

import itertools
import json
import sys
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

from tests.faults.nemesis import history as histories

# What a program answers that does not know what has happened to it.
FAULT = 500


def judge(history, ledger):
    """Sentences about what must not be; none where all is well."""
    uploads = [each for each in history if each["what"] == "upload"]
    signatures = [each for each in history if each["what"] == "sign"]
    found = [*_films(uploads, ledger["images"]), *_signatures(signatures, ledger["reads"]), *_claims(history)]
    return found + [f"an answer without a sentence: {each}" for each in history if each.get("status") == FAULT]


def acknowledged(history):
    """The SHA-256 of every film that somebody was told is kept, in order, each once."""
    kept = [each["sha256"] for each in history if each["what"] == "upload" and each["answer"] == "ok"]
    return list(dict.fromkeys(sha256 for films in kept for sha256 in films))


def _films(uploads, images):
    found = Counter(image["sha256"] for image in images)
    yield from (f"film {sha256} is there {count} times" for sha256, count in found.items() if count > 1)
    predictions = {image["sha256"]: image["predictions"] for image in images}
    for sha256 in acknowledged(uploads):
        if sha256 not in predictions:
            yield f"film {sha256} was answered and is lost"
        elif predictions[sha256] != 1:
            yield f"film {sha256} has {predictions[sha256]} predictions"
    sent = {sha256 for each in uploads for sha256 in each["sha256"]}
    yield from (f"film {sha256} was sent by nobody" for sha256 in found.keys() - sent)
    yield from (f"{each['who']} was refused a good film: {each}" for each in uploads if each["answer"] == "refused")


def _signatures(signatures, reads):
    sent = {each["comment"]: each for each in signatures}
    found = Counter(read["comment"] for read in reads)
    for each in signatures:
        if each["answer"] == "ok" and found[each["comment"]] != 1:
            yield f"the signature {each['comment']} was answered, and is there {found[each['comment']]} times"
    for study, count in Counter(read["study"] for read in reads).items():
        if count > 1:
            yield f"study {study} has {count} signatures"
    for read in reads:
        own = sent.get(read["comment"])
        if own is None or any(own[name] != read[name] for name in ("study", "finding")) or own["who"] != read["reader"]:
            yield f"the signature {read['comment']} is not as it was sent"


def _claims(history):
    """No two readers hold one study at the same instant, as far as both know it for certain."""
    held = _held(history)
    for study, spans in held.items():
        spans.sort()
        for (_, first_ends, first), (began, _, second) in itertools.pairwise(spans):
            if first != second and began < first_ends:
                yield f"study {study} was held by {first} until {first_ends} and by {second} from {began}"


def _held(history):
    """{study: [(from, until, reader)]} of certain holding: from the answer on, to the claim's end or what ends it.

    Spans of one reader are joined where they touch, so that only neighbours need to be compared.
    """
    touched = defaultdict(list)
    for each in history:
        if each["what"] in ("claim", "sign", "release") and each.get("study"):
            touched[each["study"], each["who"]].append(each)
    held = defaultdict(list)
    for (study, reader), operations in touched.items():
        operations.sort(key=lambda each: each["began"])
        for each, following in zip(operations, [*operations[1:], None], strict=True):
            if each["what"] != "claim" or each["answer"] != "ok":
                continue
            ends = datetime.fromisoformat(each["until"]).timestamp()
            if following:
                ends = min(ends, following["began"])
            held[study].append((each["ended"], max(ends, each["ended"]), reader))
    return held


def main():
    folder = Path(sys.argv[1])
    ledger = json.loads((folder / "ledger.json").read_text(encoding="utf-8"))
    found = judge(histories.read(folder / "history.jsonl"), ledger)
    print("\n".join(found) or "Nothing was lost, doubled or overwritten.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
