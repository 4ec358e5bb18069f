"""`manage.py benchmark`, without the benchmark: what it hands on, and what it says where it cannot."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from webportal.management.commands import benchmark


@pytest.fixture
def ran(monkeypatch):
    """The commands that it would have run; each ends with 3."""
    asked = []
    monkeypatch.setattr(
        benchmark.subprocess, "run", lambda *how, **_: asked.append(how[0]) or SimpleNamespace(returncode=3)
    )
    return asked


def test_its_options_reach_the_bench_and_its_end_is_the_commands_own(ran, tmp_path):
    with pytest.raises(SystemExit) as ended:
        call_command("benchmark", data=tmp_path, n=9, rounds=3, json=tmp_path / "out.json")
    assert ended.value.code == 3
    (command,) = ran
    wanted = ["-n", "9", "--rounds", "3", "--data", str(tmp_path), "--json", str(tmp_path / "out.json")]
    assert command[1:] == ["-m", "tests.bench.screening", *wanted]


@pytest.mark.parametrize(
    "options",
    [{"n": 2, "rounds": 3}, {"rounds": 0}, {"data": Path("/nowhere")}],
    ids=["few films", "no round", "no folder"],
)
def test_what_cannot_be_measured_gets_a_sentence_and_starts_nothing(ran, options):
    with pytest.raises(CommandError):
        call_command("benchmark", **options)
    assert ran == []


def test_where_the_tests_are_absent_it_says_where_they_are(ran, settings, tmp_path):
    settings.ROOT = tmp_path
    with pytest.raises(CommandError, match="make bench"):
        call_command("benchmark")
    assert ran == []
