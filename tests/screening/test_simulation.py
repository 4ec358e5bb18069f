"""The simulated reading room against formulas that are known."""

import numpy as np
import pytest

from screening import simulation
from screening.models import Priority
from screening.models.people import Policy

EVEN = simulation.World(days=400, day_rate=6, night_rate=6, stat_share=0)
SCORES = np.array([0.9]), np.array([0.1]), 0.05


def films(world, seed=0, scores=SCORES):
    return simulation.draw(world, scores, np.random.default_rng(seed))


def test_first_come_first_served_waits_as_pollaczek_and_khinchine_say():
    drawn = films(EVEN)
    waited = simulation.run(EVEN, drawn, Policy.FIFO) - drawn.minutes
    load = 0.1 * 7  # arrivals a minute x minutes a read
    variability = (1 + np.exp(EVEN.read_spread**2) - 1) / 2  # (1 + squared coefficient of variation) / 2
    assert waited.mean() == pytest.approx(load / (1 - load) * 7 * variability, rel=0.1)


def test_the_order_moves_waiting_and_makes_none_of_it_go_away():
    drawn = films(simulation.World(days=60))
    means = [simulation.run(simulation.World(), drawn, policy).mean() for policy in (Policy.FIFO, Policy.DUE_TIME)]
    assert means[1] == pytest.approx(means[0], rel=0.02)


def test_likely_films_are_read_sooner_than_less_likely_ones():
    world = simulation.World(days=60)
    drawn = films(world)
    found = simulation.summary(drawn, simulation.run(world, drawn, Policy.DUE_TIME))
    assert found["pneumonia"]["mean"] < found["other"]["mean"] / 2


def test_nobody_reads_while_the_room_is_closed():
    world = simulation.World(days=20, day_rate=3, night_rate=1, hours=(8, 17), readers=2)
    drawn = films(world)
    began = drawn.arrived + simulation.run(world, drawn, Policy.FIFO) - drawn.minutes
    assert ((began % simulation.DAY >= 8 * 60) & (began % simulation.DAY < 17 * 60)).all()


def test_stat_films_overtake_routine_ones():
    world = simulation.World(days=60)
    drawn = films(world)
    waits = simulation.run(world, drawn, Policy.FIFO)
    assert waits[drawn.priority == Priority.STAT].mean() < waits[drawn.priority == Priority.ROUTINE].mean() / 3
