"""The formulas of the order."""

from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace

import pytest

from screening import order
from screening.models import Priority, Site

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def study(priority=Priority.ROUTINE, received_at=NOON, **site):
    return SimpleNamespace(site=Site(**site), priority=priority, received_at=received_at)


@pytest.mark.parametrize(
    ("priority", "p", "minutes"),
    [
        (Priority.ROUTINE, 1, 30),
        (Priority.ROUTINE, 0, 24 * 60),
        (Priority.URGENT, 1, 15),
        (Priority.STAT, 1, 3.75),
        (Priority.STAT, 0, 180),
    ],
)
def test_a_film_is_due_between_a_sixteenth_of_its_limit_and_three_times_it(priority, p, minutes):
    due_at, _ = order.due(study(priority), p)
    assert due_at - NOON == timedelta(minutes=minutes)


@pytest.mark.parametrize(("priority", "hours"), [(Priority.STAT, 1), (Priority.URGENT, 4), (Priority.ROUTINE, 8)])
def test_the_limit_follows_from_the_class_alone(priority, hours):
    assert {order.due(study(priority), p)[1] for p in (0, 0.5, 1)} == {NOON + timedelta(hours=hours)}


def test_a_film_without_a_score_stands_in_the_middle():
    assert order.due(study(), None) == order.due(study(), 0.5)


def test_first_come_first_served_ignores_the_probability():
    assert order.due(study(policy="fifo"), 0.99) == order.due(study(policy="fifo"), 0.01)


def test_the_policy_probability_ignores_the_arrival():
    early, late = study(policy="probability"), study(policy="probability", received_at=NOON + timedelta(hours=5))
    assert order.due(late, 0.9)[0] < order.due(early, 0.8)[0]


def test_waiting_lifts_a_less_likely_film_above_a_later_likely_one():
    waited = study(received_at=NOON - timedelta(hours=24))
    assert order.due(waited, 0.05)[0] < order.due(study(), 0.95)[0]


def test_with_the_ai_order_switched_off_every_score_is_due_alike():
    assert len({order.due(study(ai_order=False), p) for p in (0, 0.5, 1)}) == 1


def test_due_time_and_limit_count_the_reading_hours_of_the_site_alone():
    office = {"opens": time(8), "closes": time(17)}
    due_at, cap_at = order.due(study(received_at=NOON + timedelta(hours=4), **office), 0.5)
    assert (cap_at - NOON) == timedelta(days=1, hours=3)  # an hour today, seven tomorrow
    assert (due_at - NOON) == timedelta(days=1, minutes=-4 * 60 + 30 * 48**0.5 - 60)
