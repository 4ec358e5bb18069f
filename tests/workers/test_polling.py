"""A worker that nobody rings for rings for itself, and one that is rung for, or busy, does not."""

import pytest
from celery.worker import state

from workers import polling


@pytest.fixture
def rings(monkeypatch):
    """The queues that were rung in."""
    found = []
    for queue, (task, _) in polling.EXPECTED.items():
        monkeypatch.setitem(polling.EXPECTED, queue, (task, lambda queue=queue: found.append(queue)))
    monkeypatch.setattr(state, "total_count", state.Counter())
    monkeypatch.setattr(state, "active_requests", set())
    return found


def test_a_queue_in_which_nothing_came_is_rung_in(rings):
    seen = {}
    polling.look(["screening"], seen)
    polling.look(["screening"], seen)
    assert rings == ["screening", "screening"]


def test_a_queue_in_which_a_ring_came_is_left_alone(rings):
    seen = {}
    for _ in range(3):
        state.total_count["workers.tasks.screen"] += 1
        polling.look(["screening"], seen)
    assert rings == []


def test_another_task_does_not_stand_for_a_sweep(rings):
    state.total_count["workers.tasks.unpack"] += 1
    polling.look(["operations"], {})
    assert rings == ["operations"]


def test_a_worker_that_is_busy_rings_for_nothing(rings):
    state.active_requests.add(object())
    polling.look(["screening", "operations"], {})
    assert rings == []
