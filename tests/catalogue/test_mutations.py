"""Row 56: good files, damaged at random. Ten thousand under the mark `mutations`; some three hundred in a plain run."""

import collections
import io
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from screening import reasons, sandbox
from screening.models import Receipt
from tests.catalogue import mutate, picture

LONGEST_S = 20
OURS = {"internal_error", "decoder_crashed"}
MANY = [pytest.mark.mutations, pytest.mark.slow]


@pytest.fixture
def say(record_property, capsys):
    """A function that prints figures and leaves them in the report."""

    def say(**figures):
        for name, figure in figures.items():
            record_property(name, figure)
        with capsys.disabled():
            print("", *(f"{name} {figure}" for name, figure in figures.items()), sep="\n  ")

    return say


@pytest.fixture
def pool():
    made = sandbox.Pool()
    yield made
    made.close()


def decoded(pool, file):
    """(what became of it, seconds)."""
    began = time.monotonic()
    try:
        found = pool.decode(io.BytesIO(file))
    except sandbox.Refused as refused:
        return refused.code, time.monotonic() - began
    with found:
        return found.facts["flaw"] or "decoded", time.monotonic() - began


@pytest.mark.parametrize(
    "seeds", [pytest.param(range(240), id="B56 240"), pytest.param(range(10_000), id="B56 10,000", marks=MANY)]
)
def test_no_damage_costs_more_than_its_own_file(pool, say, seeds):
    # Drawn by this thread alone: what draws a film silences its warnings, and Python's filters are no thread's own.
    files = [mutate.mutated(seed) for seed in seeds]
    with ThreadPoolExecutor(max(2, sandbox.CHILDREN)) as threads:
        found = list(threads.map(lambda file: decoded(pool, file), files))
    codes = collections.Counter(code for code, _ in found)
    slowest = sorted((took, seed) for seed, (_, took) in zip(seeds, found, strict=True))[-3:]
    crashed = [seed for seed, (code, _) in zip(seeds, found, strict=True) if code in OURS]
    say(outcomes=dict(codes.most_common()), crashed=[(seed, mutate.kind(seed)) for seed in crashed])
    say(slowest_s=[(round(took, 2), seed, mutate.kind(seed)) for took, seed in slowest])
    assert set(codes) <= {*reasons.REASONS, "decoded"}
    assert not codes["internal_error"]
    assert len(crashed) <= len(found) / 100
    assert slowest[-1][0] <= LONGEST_S
    with pool.decode(io.BytesIO(picture.plain())) as good:
        assert good.facts["format"] == "png"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(10_000, 10_060), id="B56 60 by the API"),
        pytest.param(range(10_000, 11_000), id="B56 1,000 by the API", marks=MANY),
    ],
)
def test_each_damaged_file_has_its_answer_by_the_api(send, holds, say, seeds):
    statuses = collections.Counter()
    for seed in seeds:
        answer = send(mutate.mutated(seed), f"{seed}")
        statuses[answer.status_code, answer.json()["receipt"]["reason"]] += 1
    say(answers=dict(statuses.most_common()))
    assert {status for status, _ in statuses} <= {200, 201, 409, 413, 415, 422}
    assert not Receipt.objects.filter(reason="internal_error").exists()
    assert Receipt.objects.count() == len(seeds)
    holds()


@pytest.mark.parametrize("seed", [pytest.param(n, id=f"B56 seed {n}") for n in (3, 44, 129)])
def test_the_same_seed_is_the_same_file(seed):
    assert mutate.mutated(seed) == mutate.mutated(seed) != mutate.good(mutate.kind(seed))
