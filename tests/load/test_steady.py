"""What a soak calls steady, and what it does not."""

import copy

import pytest

from tests.load import steady

SAMPLES = [
    {
        "at": 10.0 * number,
        "memory": {"portal 1": 100.0, "screening 2": 280.0},
        "descriptors": {"portal 1": 30, "screening 2": 14},
        "alike": {"portal 1": 1, "screening 2": 1},
        "connections": 11,
        "redis": 1.5,
        "queues": {"screening": number % 3},
    }
    for number in range(181)
]
ANSWERS = [(what, 3.0 * number, 0.1 + 0.001 * (number % 7)) for number in range(600) for what in steady.MEASURED]


def judged(samples=SAMPLES, answers=ANSWERS):
    found = steady.judge(copy.deepcopy(samples), answers)
    return found, [goal for goal, holds in found["goals"].items() if not holds]


def changed(change):
    samples = copy.deepcopy(SAMPLES)
    for each in samples:
        change(each)
    return samples


def test_what_stays_as_it_is_is_steady():
    found, missed = judged()
    assert missed == [] and steady.missed_slopes(found) == []
    assert found["queues"] == {"screening": 2}
    assert "missed" not in steady.said(found)


def leak(sample):
    sample["memory"]["portal 1"] += 0.6 * sample["at"] / 60


def jump(sample):
    sample["memory"]["portal 1"] += 20 * (sample["at"] > 500)


def double_a_small_one(sample):
    sample["memory"]["portal 1"] = 2 + 2 * (sample["at"] > 500)


def keep_files_open(sample):
    sample["descriptors"]["portal 1"] += int(sample["at"] / 200)


def keep_connections(sample):
    sample["connections"] += int(sample["at"] / 600)


def fill_redis(sample):
    sample["redis"] += sample["at"] / 9000


@pytest.mark.parametrize(
    ("change", "goals"),
    [
        (leak, ["portal 1: memory rises by at most 0.5 MB a minute", "portal 1: memory at the end at most 1.1 x"]),
        (jump, ["portal 1: memory at the end at most 1.1 x"]),
        (double_a_small_one, ["portal 1: memory at the end at most 1.1 x"]),
        (keep_files_open, ["portal 1: descriptors +-5"]),
        (keep_connections, ["connections do not rise"]),
        (fill_redis, ["Redis' memory +-10%"]),
    ],
)
def test_what_grows_is_named(change, goals):
    found, missed = judged(changed(change))
    assert len(missed) == len(goals)
    assert all(any(goal in each for each in missed) for goal in goals), missed
    assert bool(steady.missed_slopes(found)) == (change is leak)


def test_answers_that_take_longer_and_longer_are_named():
    _, missed = judged(answers=[(what, at, seconds * (1 + at / 1800)) for what, at, seconds in ANSWERS])
    assert missed == ["p95 of upload drifts by at most 20%", "p95 of claim drifts by at most 20%"]


def test_a_process_that_ended_is_named():
    samples = copy.deepcopy(SAMPLES)
    for each in samples[100:]:
        for held in ("memory", "descriptors", "alike"):
            each[held]["portal 3"] = each[held].pop("portal 1")
    found, _ = judged(samples)
    assert found["gone"] == ["portal 1", "portal 3"]
