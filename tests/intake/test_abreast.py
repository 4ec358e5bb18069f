"""Side by side: in order or as they end, whatever one of them does."""

import threading
import time

import pytest

from screening import abreast as side_by_side
from screening import sandbox
from screening.abreast import abreast, as_they_end

PATIENCE_S = 20


@pytest.fixture(autouse=True)
def eight_at_most(monkeypatch):
    """Four threads, and as many again that wait for one."""
    monkeypatch.setattr(sandbox, "CHILDREN", 2)
    monkeypatch.setattr(side_by_side, "TICK_S", 0.1)


@pytest.fixture
def hung():
    """A function whose first item lasts until a hundred others have ended, as `hung.called` counts them."""

    def call(item):
        if item == 0:
            assert call.free.wait(PATIENCE_S), "the others waited for it"
        else:
            call.called.append(item)
            if len(call.called) == 100:
                call.free.set()
        return item

    call.called, call.free = [], threading.Event()
    return call


def flat(lists):
    return [each for some in lists for each in some]


def test_what_comes_of_them_is_in_their_order_though_the_first_ends_last(hung):
    assert list(abreast(hung, range(101))) == list(range(101))


def test_as_they_end_one_that_hangs_is_among_the_last_and_none_waits_for_it(hung):
    ended = flat(as_they_end(hung, range(101)))
    assert ended.index((0, 0)) >= 101 - 8
    assert sorted(ended) == [(each, each) for each in range(101)]


def test_while_nothing_ends_the_caller_gets_its_turn(hung):
    turns = as_they_end(hung, [0])
    assert next(turns) == []
    hung.free.set()
    assert flat(turns) == [(0, 0)]


def test_few_are_begun_ahead_of_whoever_takes_them():
    begun = []
    calls = as_they_end(lambda item: item, (begun.append(each) or each for each in range(1000)))
    next(calls)
    time.sleep(0.3)
    assert len(begun) == 8
    calls.close()
    assert len(begun) == 8


def slow_but_one(item):
    if item == 2:
        raise LookupError(item)
    time.sleep(0.2)
    return item


@pytest.mark.parametrize("children", [1, 2])
def test_what_one_raises_comes_out_at_its_place_and_no_more_is_begun(monkeypatch, children):
    monkeypatch.setattr(sandbox, "CHILDREN", children)
    given, begun = [], []
    with pytest.raises(LookupError):
        for item in abreast(slow_but_one, (begun.append(each) or each for each in range(1000))):
            given.append(item)
    assert given == [0, 1]
    assert len(begun) <= 8


def test_as_they_end_what_one_raises_comes_out_after_all_that_was_begun():
    given, begun = [], []
    with pytest.raises(LookupError):
        for some in as_they_end(slow_but_one, (begun.append(each) or each for each in range(1000))):
            given += [item for item, _ in some]
    assert sorted([*given, 2]) == begun
    assert len(begun) <= 8


def broken_off():
    yield from range(5)
    raise LookupError


@pytest.mark.parametrize("children", [1, 2])
def test_what_the_items_raise_comes_out_after_all_that_was_begun(monkeypatch, children):
    monkeypatch.setattr(sandbox, "CHILDREN", children)
    given, in_order = [], []
    with pytest.raises(LookupError):
        for some in as_they_end(lambda item: item, broken_off()):
            given += [item for item, _ in some]
    with pytest.raises(LookupError):
        for item in abreast(lambda item: item, broken_off()):
            in_order.append(item)
    assert sorted(given) == in_order == [0, 1, 2, 3, 4]
