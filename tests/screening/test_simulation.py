"""The simulated reading room against formulas that are known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import stdtrit

from screening import goals, simulation
from screening.models import Priority
from screening.models.people import Policy

EVEN = simulation.World(days=400, day_rate=6, night_rate=6, stat_share=0)
SCORES = np.array([0.9]), np.array([0.1]), 0.05
ARRIVALS = 6 / 60  # films a minute
EVERY_POLICY = list(goals.POLICIES)


def films(world, seed=0, scores=SCORES):
    return simulation.draw(world, scores, np.random.default_rng(seed))


def waits_by_class(world, seeds):
    """Mean minutes before the read begins under FIFO, a row a seed: (stat, routine), nan where a class has no film."""
    found = []
    for seed in range(seeds):
        drawn = films(world, seed)
        waited = simulation.run(world, drawn, Policy.FIFO) - drawn.minutes
        by_class = [waited[drawn.priority == each] for each in (Priority.STAT, Priority.ROUTINE)]
        found.append([each.mean() if len(each) else np.nan for each in by_class])
    return np.array(found).T


def agrees(found, theory):
    """Whether `theory` lies in the 99 % interval of the seeds' means, and the interval is narrow enough to tell."""
    half = stdtrit(len(found) - 1, 0.995) * np.std(found, ddof=1) / len(found) ** 0.5
    return half < 0.05 * theory and abs(np.mean(found) - theory) < half


def test_an_exponential_room_waits_as_theory_says_of_m_m_1():
    world = replace(EVEN, read_time=simulation.EXPONENTIAL)
    load = ARRIVALS * 7
    _, routine = waits_by_class(world, 10)
    assert world.load == pytest.approx(load)
    assert agrees(routine, load / (1 - load) * 7)


def test_any_read_time_waits_as_pollaczek_and_khinchine_say():
    load = ARRIVALS * 7
    variability = np.exp(EVEN.read_spread**2) / 2  # (1 + squared coefficient of variation) / 2
    _, routine = waits_by_class(EVEN, 10)
    assert agrees(routine, load / (1 - load) * 7 * variability)


def test_two_classes_wait_as_cobham_says():
    world = replace(EVEN, stat_share=0.3)
    left = ARRIVALS * 7**2 * np.exp(world.read_spread**2) / 2  # of the read that an arrival finds going on
    of_stat, load = 0.3 * ARRIVALS * 7, ARRIVALS * 7
    stat, routine = waits_by_class(world, 16)
    assert agrees(stat, left / (1 - of_stat))
    assert agrees(routine, left / ((1 - of_stat) * (1 - load)))


@pytest.mark.parametrize("policy", EVERY_POLICY)
def test_the_order_moves_waiting_and_makes_none_of_it_go_away(policy):
    drawn = films(simulation.World(days=60))
    means = [simulation.run(simulation.World(), drawn, each).mean() for each in (Policy.FIFO, policy)]
    assert means[1] == pytest.approx(means[0], rel=0.02)


def test_likely_films_are_read_sooner_than_less_likely_ones():
    world = simulation.World(days=60)
    drawn = films(world)
    found = simulation.summary(drawn, simulation.run(world, drawn, Policy.DUE_TIME))
    assert found["pneumonia"]["mean"] < found["other"]["mean"] / 2


def as_the_worklist_orders(world, drawn, policy, now, waiting):
    """The film on top by the words of the design, looked for one by one."""
    due, cap = simulation._due(world, drawn, policy)

    def place(film):
        overdue = cap[film] <= now
        return drawn.priority[film], not overdue, cap[film] if overdue else due[film], film

    return min(waiting, key=place)


@pytest.mark.parametrize("policy", EVERY_POLICY)
@pytest.mark.parametrize("room", [{"days": 3}, {"days": 5, "day_rate": 5, "night_rate": 1, "hours": (8, 17)}])
def test_every_film_is_taken_as_the_worklist_would_order_it(policy, room):
    world = simulation.World(cap_routine=90, **room)
    drawn = films(world, scores=(np.linspace(0.3, 1, 50), np.linspace(0, 0.7, 50), 0.2))
    began = drawn.arrived + simulation.run(world, drawn, policy) - drawn.minutes
    waiting = set(range(len(began)))
    for film in np.argsort(began, kind="stable"):
        here = {each for each in waiting if drawn.arrived[each] <= began[film] + 1e-9}
        assert as_the_worklist_orders(world, drawn, policy, began[film] + 1e-9, here) == film
        waiting.remove(film)


def test_nobody_reads_while_the_room_is_closed():
    world = simulation.World(days=20, day_rate=3, night_rate=1, hours=(8, 17), readers=2)
    drawn = films(world)
    began = drawn.arrived + simulation.run(world, drawn, Policy.FIFO) - drawn.minutes
    assert ((began % simulation.DAY >= 8 * 60) & (began % simulation.DAY < 17 * 60)).all()


def test_limits_count_reading_hours():
    after = simulation.after((8, 17))
    at = np.array([16, 3, 18, 9]) * 60.0
    assert list(after(at, 120.0) / 60) == [24 + 9, 10, 24 + 10, 11]
    assert simulation.after((0, 24))(100.0, 20.0) == 120


def test_stat_films_overtake_routine_ones():
    world = simulation.World(days=60)
    drawn = films(world)
    waits = simulation.run(world, drawn, Policy.FIFO)
    assert waits[drawn.priority == Priority.STAT].mean() < waits[drawn.priority == Priority.ROUTINE].mean() / 3


def test_ratios_are_taken_seed_by_seed_on_the_same_films():
    def runs(*means):
        return [{"all": {"mean": mean}} for mean in means]

    compared = simulation.Compared({Policy.FIFO: runs(100, 200, 400), Policy.DUE_TIME: runs(50, 120, 160)})
    ratio = compared.ratio(Policy.DUE_TIME, "all", "mean")
    assert ratio.mean == pytest.approx(0.5)
    # t with two degrees of freedom, 4.303, times 0.1 / sqrt(3)
    assert (ratio.low, ratio.high) == pytest.approx((0.5 - 0.2484, 0.5 + 0.2484), abs=1e-4)


def test_a_group_without_a_film_has_no_ratio_and_fails_no_goal():
    compared = simulation.compare(simulation.World(days=2), SCORES, EVERY_POLICY, 2)
    assert compared.ratio(Policy.DUE_TIME, "missed", "mean") is None
    assert goals.Judged(goals.GOALS[1], None).met


def test_a_goal_is_met_by_the_mean_up_to_its_bound():
    goal = goals.GOALS[0]
    assert goals.Judged(goal, simulation.Ratio(goal.most, 0, 1)).met
    assert not goals.Judged(goal, simulation.Ratio(goal.most + 0.01, 0, 1)).met
