"""A broker that takes no ring is left in peace for a while: whoever sends films does not wait for it each time."""

import pytest
from kombu.exceptions import OperationalError

from workers import broker, dispatch, tasks


class Clock:
    now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(dispatch, "time", Clock())
    monkeypatch.setitem(dispatch._rests, "until", 0.0)
    return dispatch.time


@pytest.fixture
def tried(clock, monkeypatch):
    """The rings that were tried; `tried.away` says whether each fails."""

    class Tried(list):
        away = True

    tried = Tried()

    def delay(*_):
        tried.append(clock.now)
        if tried.away:
            raise OperationalError("no memory is left")

    monkeypatch.setattr(tasks.screen, "delay", delay)
    return tried


def test_after_a_ring_that_was_not_taken_none_is_tried_for_a_while_and_that_is_said_once(tried, clock, caplog):
    for _ in range(5):
        dispatch.knock()
    assert len(tried) == 1
    clock.now += dispatch.REST_S + 1
    for _ in range(5):
        dispatch.knock()
    assert len(tried) == 2
    assert caplog.text.count("takes no ring") == 1


def test_while_one_ring_tries_again_the_others_do_not_wait(tried, clock, monkeypatch):
    dispatch.knock()
    clock.now += dispatch.REST_S + 1
    meanwhile = []

    def slow(*_):
        dispatch.knock()
        meanwhile.append(len(tried))

    monkeypatch.setattr(tasks.screen, "delay", slow)
    dispatch.knock()
    assert meanwhile == [1]


def test_once_a_ring_is_taken_every_ring_is_tried(tried, clock):
    dispatch.knock()
    clock.now += dispatch.REST_S + 1
    tried.away = False
    for _ in range(3):
        dispatch.knock()
    assert len(tried) == 4


def test_this_sessions_redis_drops_nothing_when_it_is_full():
    assert broker.evicts() == ""
