"""Workers and readers by formula: against tabulated values, and against the simulated reading room."""

import io
import math
from dataclasses import replace

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from scipy.special import stdtrit

from screening import capacity, simulation
from screening.capacity import Department, Station, erlang_c
from screening.models import Priority
from screening.models.people import Policy

SCORES = np.array([0.9]), np.array([0.1]), 0.05


@pytest.mark.parametrize(
    ("servers", "offered", "waits"),
    # From tables of Erlang's second formula; of one server it is the load, of two it is load^2 * 2 / (1 + load).
    [(1, 0.7, 0.7), (2, 1, 1 / 3), (5, 4, 0.5541), (10, 8, 0.4092), (20, 18, 0.5508), (100, 90, 0.2169)],
)
def test_erlang_c_is_as_tabulated(servers, offered, waits):
    assert erlang_c(servers, offered) == pytest.approx(waits, abs=5e-5)


def test_as_erlang_has_it_by_the_sum():
    servers, offered = 7, 5.5
    busy = offered**servers / math.factorial(servers) / (1 - offered / servers)
    terms = sum(offered**count / math.factorial(count) for count in range(servers))
    assert erlang_c(servers, offered) == pytest.approx(busy / (terms + busy))


@pytest.mark.parametrize(("servers", "offered"), [(1, 1), (3, 5)])
def test_where_more_comes_than_is_done_everybody_waits_without_end(servers, offered):
    assert erlang_c(servers, offered) == 1
    assert Station(offered, 1, servers).mean_wait() == math.inf
    assert Station(offered, 1, servers).wait_of(0.95) == math.inf


def test_one_server_waits_as_pollaczek_and_khinchine_say():
    rate, service, cv = 0.1, 7, 0.5
    load = rate * service
    assert Station(rate, service, 1, cv).mean_wait() == pytest.approx(load * service * (1 + cv**2) / 2 / (1 - load))


def test_the_share_that_waits_less_is_that_of_m_m_c():
    station = Station(8, 1, 10)
    seconds = station.wait_of(0.95)
    assert station.waits * math.exp(-(10 - 8) * seconds) == pytest.approx(0.05)
    assert Station(1, 1, 10).wait_of(0.95) == 0


def test_classes_share_the_wait_of_all():
    shares, station = (0.1, 0.2, 0.7), Station(1.8, 1, 2)
    waits = station.wait_by_class(shares)
    assert waits == sorted(waits)
    # The order moves waiting and makes none of it go away (the times have one mean).
    assert sum(share * wait for share, wait in zip(shares, waits, strict=True)) == pytest.approx(station.mean_wait())


def test_a_class_in_front_is_served_where_the_last_waits_without_end():
    stat, routine = Station(3, 1, 2).wait_by_class((0.5, 0.5))
    assert stat < 10
    assert routine == math.inf


def test_two_readers_wait_as_the_simulated_reading_room_does():
    """Exponential times: there the formulas for several readers and classes are exact."""
    world = simulation.World(
        days=400, day_rate=14, night_rate=14, stat_share=0.3, readers=2, read_time=simulation.EXPONENTIAL
    )
    found = np.array([_simulated(world, seed) for seed in range(10)])
    expected = Station(14 / 60, world.read_minutes, world.readers).wait_by_class((0.3, 0.7))
    for of_class, theory in zip(found.T, expected, strict=True):
        half = stdtrit(len(of_class) - 1, 0.995) * of_class.std(ddof=1) / len(of_class) ** 0.5
        assert half < 0.06 * theory
        assert abs(of_class.mean() - theory) < half


def _simulated(world, seed):
    """Mean minutes before the read begins, of stat and routine films."""
    films = simulation.draw(world, SCORES, np.random.default_rng(seed))
    waited = simulation.run(world, films, Policy.FIFO) - films.minutes
    return [waited[films.priority == each].mean() for each in (Priority.STAT, Priority.ROUTINE)]


def by_name(department):
    return {need.name: need for need in capacity.needs(department)}


def test_the_fewest_that_are_enough_are_found_and_one_less_is_not_enough():
    department = Department(2_000, read_wait_min=(5, 10, 30))
    readers = by_name(department)["readers"].station
    waits = readers.wait_by_class(department.shares)
    assert all(wait <= 60 * most for wait, most in zip(waits, department.read_wait_min, strict=True))
    fewer = replace(readers, servers=readers.servers - 1).wait_by_class(department.shares)
    assert any(wait > 60 * most for wait, most in zip(fewer, department.read_wait_min, strict=True))


def test_they_are_enough_up_to_the_films_that_are_said_and_not_beyond():
    department = Department(2_000)
    need = by_name(department)["readers"]
    assert by_name(replace(department, films_a_day=need.until))["readers"].station.servers == need.station.servers
    beyond = by_name(replace(department, films_a_day=1.01 * need.until))["readers"].station.servers
    assert beyond > need.station.servers


def test_gpus_are_reckoned_only_with_a_measured_time():
    assert "GPUs instead" not in by_name(Department(1_000))
    slow = Department(10**6, gpu_film_s=0.002, worker_film_s=0.05)
    assert by_name(slow)["GPUs instead"].station.servers < by_name(slow)["screening workers"].station.servers


def said(**asked):
    out = io.StringIO()
    call_command("capacity", stdout=out, **asked)
    return out.getvalue()


def test_the_command_says_how_many_what_binds_first_and_what_it_assumes():
    text = said(films_a_day=1_000)
    assert "1,000 films a day, 100 of them in the busiest hour" in text
    assert "What binds first as films grow: readers, beyond 1,0" in text
    assert "nobody has measured one" in text
    assert "Assumed:" in text


def test_the_command_reckons_with_what_it_is_given():
    text = said(films_a_day=100_000, worker_ms=500, gpu_ms=2, target_wait=40, at_once=36_000, door_ms=1)
    (workers,) = [line for line in text.splitlines() if line.startswith("screening workers")]
    (gpus,) = [line for line in text.splitlines() if line.startswith("GPUs instead")]
    assert int(workers.split()[2]) >= 100_000 * 0.1 / 3600 * 0.5
    assert int(gpus.split()[2]) == 1
    assert "36,000 films sent at once are scored after" in text


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"films_a_day": 0}, "--films-a-day needs a number above 0"),
        ({"films_a_day": float("nan")}, "--films-a-day needs a number above 0"),
        ({"peak_share": 1.5}, "--peak-share needs a share"),
        ({"stat_share": 0.9, "urgent_share": 0.2}, "leave the rest to routine"),
        ({"read_wait": [0, 1, 2]}, "three numbers of minutes above 0"),
        ({"gpu_ms": -1}, "--gpu-ms needs a number above 0"),
        ({"worker_ms": 1_000}, "screening workers: no number up to"),
    ],
)
def test_what_cannot_be_reckoned_gets_a_sentence(asked, sentence):
    with pytest.raises(CommandError, match=sentence):
        said(**{"films_a_day": 1_000, **asked})
