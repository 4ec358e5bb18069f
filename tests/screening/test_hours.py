"""Limits that count a site's reading hours alone."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from screening.hours import WEEK, Hours

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Hours(time(8), time(17), frozenset(range(5)), BERLIN)


def at(text, zone=BERLIN):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def hours(count):
    return timedelta(hours=count)


@pytest.mark.parametrize(
    ("came", "wait", "ends"),
    [
        ("2026-03-02 09:00", 8, "2026-03-02 17:00"),  # a Monday, and just in time
        ("2026-03-02 16:00", 8, "2026-03-03 15:00"),
        ("2026-03-02 03:00", 1, "2026-03-02 09:00"),
        ("2026-03-02 17:00", 1, "2026-03-03 09:00"),
        ("2026-03-02 22:00", 1, "2026-03-03 09:00"),
        ("2026-03-06 16:30", 1, "2026-03-09 08:30"),  # over a weekend
        ("2026-03-07 12:00", 0, "2026-03-09 08:00"),
        ("2026-03-02 08:00", 45, "2026-03-06 17:00"),  # a whole week of five days of nine hours
        ("2026-03-02 08:00", 46, "2026-03-09 09:00"),
    ],
)
def test_a_wait_counts_open_hours_alone(came, wait, ends):
    assert OFFICE.after(at(came), hours(wait)) == at(ends)


def test_round_the_clock_every_hour_counts():
    assert Hours().after(at("2026-03-07 23:00"), hours(30)) == at("2026-03-07 23:00") + hours(30)


def test_a_whole_day_on_some_days_counts_those_days_from_midnight_to_midnight():
    weekdays = Hours(days=frozenset(range(5)), zone=BERLIN)
    assert weekdays.after(at("2026-03-06 20:00"), hours(6)) == at("2026-03-09 02:00")


def test_the_night_in_which_summer_time_begins_is_an_hour_shorter():
    sundays = Hours(time(0), time(6), WEEK, BERLIN)
    assert sundays.after(at("2026-03-29 00:00"), hours(5)) == at("2026-03-29 06:00")


def test_one_wait_after_another_is_both_at_once():
    came = at("2026-03-05 11:17")
    assert OFFICE.after(OFFICE.after(came, hours(7)), hours(12)) == OFFICE.after(came, hours(19))


def test_a_later_film_is_never_past_its_limit_before_an_earlier_one():
    came = [at("2026-03-05 05:00") + timedelta(minutes=7 * step) for step in range(1000)]
    ends = [OFFICE.after(each, hours(8)) for each in came]
    assert ends == sorted(ends)


@pytest.mark.parametrize(
    ("came", "taken", "minutes"),
    [
        ("2026-03-02 09:00", "2026-03-02 09:20", 20),
        ("2026-03-02 16:30", "2026-03-03 08:10", 40),
        ("2026-03-06 16:30", "2026-03-09 08:10", 40),  # over a weekend
        ("2026-03-07 10:00", "2026-03-07 12:00", 0),
        ("2026-03-02 03:00", "2026-03-02 20:00", 540),
        ("2026-03-02 10:00", "2026-03-02 09:00", 0),
    ],
)
def test_the_reading_time_between_two_instants_counts_open_hours_alone(came, taken, minutes):
    assert OFFICE.between(at(came), at(taken)) == timedelta(minutes=minutes)


def test_round_the_clock_all_the_time_between_two_instants_counts():
    assert Hours().between(at("2026-03-07 23:00"), at("2026-03-09 01:00")) == hours(26)
    assert Hours().between(at("2026-03-07 23:00"), at("2026-03-07 22:00")) == hours(0)


def test_between_gives_back_the_wait_that_after_took():
    came = at("2026-03-26 05:00")  # the clocks change within
    for step in range(60):
        wait = timedelta(minutes=37 * step)
        assert OFFICE.between(came, OFFICE.after(came, wait)) == wait


@pytest.mark.parametrize("wrong", [{"days": frozenset()}, {"opens": time(17), "closes": time(8)}])
def test_hours_that_make_no_week_are_refused(wrong):
    with pytest.raises(ValueError, match=r"site reads|hours end"):
        Hours(**wrong)
