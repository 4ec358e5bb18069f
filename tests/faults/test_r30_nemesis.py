"""R30: everything at once. The judge finds what it is there for; and a minute and a half of it, at full size."""

import copy
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from tests.faults.nemesis import history, judge
from tests.installation import ROOT

NOW = time.time()


def at(seconds):
    return datetime.fromtimestamp(NOW + seconds, UTC).isoformat()


def said(what, who, began, ended, answer="ok", **more):
    return {"what": what, "who": who, "began": NOW + began, "ended": NOW + ended, "answer": answer, **more}


SOUND = [
    said("upload", "sender0", 0, 1, "unknown", sha256=["a"]),
    said("upload", "sender0", 2, 3, sha256=["a"]),
    said("upload", "sender0", 4, 5, sha256=["b", "c"]),
    said("upload", "sender1", 4, 5, "unknown", sha256=["d"]),
    said("claim", "reader0", 10, 11, study="s", until=at(70)),
    said("release", "reader0", 12, 13, study="s"),
    said("claim", "reader1", 12.5, 14, study="s", until=at(74)),
    said("sign", "reader1", 15, 16, study="s", finding="absent", comment="reader1 1"),
    said("claim", "reader0", 20, 21, study="t", until=at(81)),
    said("claim", "reader1", 81, 82, study="t", until=at(142)),
    said("sign", "reader1", 83, 84, "unknown", study="t", finding="absent", comment="reader1 2"),
]
KEPT = {
    "images": [{"sha256": sha256, "predictions": 1} for sha256 in "abc"],
    "reads": [{"study": "s", "reader": "reader1", "finding": "absent", "comment": "reader1 1"}],
}


def lose_a_film(operations, ledger):
    ledger["images"].pop()


def double_a_film(operations, ledger):
    ledger["images"].append(ledger["images"][0])


def predict_twice(operations, ledger):
    ledger["images"][0]["predictions"] = 2


def invent_a_film(operations, ledger):
    ledger["images"].append({"sha256": "z", "predictions": 1})


def refuse_a_film(operations, ledger):
    operations[1]["answer"] = "refused"


def lose_a_signature(operations, ledger):
    ledger["reads"].clear()


def overwrite_a_signature(operations, ledger):
    ledger["reads"][0]["finding"] = "present"


def sign_twice(operations, ledger):
    operations[-1]["study"] = "s"
    ledger["reads"].append({"study": "s", "reader": "reader1", "finding": "absent", "comment": "reader1 2"})


def hold_what_another_holds(operations, ledger):
    operations[9] = said("claim", "reader1", 30, 31, study="t", until=at(91))


def hold_within_what_another_holds(operations, ledger):
    operations.insert(9, said("claim", "reader2", 40, 41, study="t", until=at(45)))


def answer_with_500(operations, ledger):
    operations[3]["status"] = 500


@pytest.mark.parametrize(
    ("break_it", "sentence"),
    [
        (lose_a_film, "film c was answered and is lost"),
        (double_a_film, "film a is there 2 times"),
        (predict_twice, "film a has 2 predictions"),
        (invent_a_film, "film z was sent by nobody"),
        (refuse_a_film, "refused a good film"),
        (lose_a_signature, "the signature reader1 1 was answered, and is there 0 times"),
        (overwrite_a_signature, "the signature reader1 1 is not as it was sent"),
        (sign_twice, "study s has 2 signatures"),
        (answer_with_500, "an answer without a sentence"),
        (hold_what_another_holds, "study t was held by reader0"),
        (hold_within_what_another_holds, "study t was held by reader0"),
    ],
)
def test_the_judge_finds(break_it, sentence):
    operations, ledger = copy.deepcopy(SOUND), copy.deepcopy(KEPT)
    break_it(operations, ledger)
    found = judge.judge(operations, ledger)
    assert any(sentence in each for each in found), found


def test_the_judge_finds_nothing_where_nothing_is(tmp_path):
    kept = history.History(tmp_path / "history.jsonl")
    kept.note("upload", "sender0", NOW, "ok", sha256=["a"])
    assert [each["sha256"] for each in history.read(tmp_path / "history.jsonl")] == [["a"]]
    assert judge.judge(SOUND, KEPT) == []
    unknown_but_done = copy.deepcopy(KEPT)
    unknown_but_done["images"].append({"sha256": "d", "predictions": 1})
    unknown_but_done["reads"].append({"study": "t", "reader": "reader1", "finding": "absent", "comment": "reader1 2"})
    assert judge.judge(SOUND, unknown_but_done) == []


@pytest.mark.faults
@pytest.mark.nightly
@pytest.mark.parametrize("seed", [1, 2])
def test_a_minute_and_a_half_of_the_nemesis_loses_doubles_and_overwrites_nothing(seed, tmp_path):
    command = [sys.executable, "-m", "tests.faults.nemesis", "--minutes", "1.5", "--seed", str(seed)]
    run = subprocess.run([*command, "--out", tmp_path], cwd=ROOT, capture_output=True, text=True, check=False)
    sys.stdout.write(run.stdout)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    operations = history.read(tmp_path / "history.jsonl")
    assert len(judge.acknowledged(operations)) > 20
    assert sum(each["what"] == "sign" and each["answer"] == "ok" for each in operations) > 5
