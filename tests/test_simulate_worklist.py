"""What the order must hold with the shipped model's own validation scores, before a department switches it on."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from screening import goals


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """(what the command printed, what it wrote to its file)."""
    file, said = tmp_path_factory.mktemp("simulation") / "waits.json", io.StringIO()
    call_command("simulate_worklist", seeds=5, days=60, check=True, json=file, stdout=said)
    return said.getvalue(), json.loads(file.read_text())


def ratio(found, world, group, figure, policy="due_time"):
    policies = found[1]["minutes"][world]
    return policies[policy][group][figure] / policies["fifo"][group][figure]


@pytest.mark.parametrize(
    ("world", "group", "figure", "most"),
    [
        ("this model, reading day and night", "pneumonia", "mean", 0.45),
        ("this model, reading day and night", "missed", "mean", 1.10),
        ("this model, reading day and night", "all", "max", 1.10),
        ("a worthless model", "all", "max", 1.10),
    ],
)
def test_the_goals_of_the_design_are_met(found, world, group, figure, most):
    assert ratio(found, world, group, figure) <= most


def test_the_mean_over_all_films_is_the_same_under_every_policy(found):
    for policy in goals.POLICIES:
        assert ratio(found, "this model, reading day and night", "all", "mean", policy) == pytest.approx(1, abs=0.02)


def test_reading_from_8_to_17_is_reported_beside_it(found):
    text, written = found
    assert "three readers from 8 to 17" in text
    assert ratio(found, "this model, three readers from 8 to 17", "pneumonia", "mean") < 1
    assert len(written["beside"]) == len(written["goals"]) == len(goals.GOALS)


def test_every_goal_is_printed_with_its_interval(found):
    text, written = found
    assert text.count("pass  ") == len(goals.GOALS)
    for each in written["goals"]:
        of = each["ratio"]
        assert of["low"] < of["mean"] < of["high"]
        assert f"{of['mean']:.3f} ({of['low']:.3f} to {of['high']:.3f})" in text


@pytest.fixture
def hopeless(monkeypatch):
    monkeypatch.setattr(goals, "GOALS", (goals.Goal("Pneumonia: the mean wait", "pneumonia", "mean", 0.01),))


def test_a_goal_that_is_missed_fails_the_command_only_where_it_is_to_check(hopeless):
    said = io.StringIO()
    call_command("simulate_worklist", seeds=2, days=5, stdout=said)
    assert "FAIL  Pneumonia" in said.getvalue()
    with pytest.raises(SystemExit) as ended:
        call_command("simulate_worklist", seeds=2, days=5, check=True, stdout=said)
    assert ended.value.code == 1


@pytest.mark.parametrize("wrong", [{"seeds": 1}, {"days": 0}, {"model": "nowhere"}])
def test_what_cannot_be_simulated_gets_a_sentence(wrong):
    with pytest.raises(CommandError, match=r"two seeds|no model nowhere"):
        call_command("simulate_worklist", **wrong)
