"""What the order must hold with the shipped model's own validation scores, before a department switches it on."""

import io
import json

import pytest
from django.core.management import call_command


@pytest.fixture(scope="module")
def ratios(tmp_path_factory):
    """{world: a function (group, figure) -> due time's waits as a share of first come, first served's}."""
    file = tmp_path_factory.mktemp("simulation") / "waits.json"
    call_command("simulate_worklist", seeds=5, days=60, json=file, stdout=io.StringIO())

    def of(policies):
        return lambda group, figure: policies["due_time"][group][figure] / policies["fifo"][group][figure]

    return {name: of(policies) for name, policies in json.loads(file.read_text())["minutes"].items()}


def test_pneumonia_waits_less_than_half_as_long(ratios):
    assert ratios["this model, reading day and night"]("pneumonia", "mean") <= 0.45


def test_pneumonia_that_the_ai_missed_waits_hardly_longer(ratios):
    assert ratios["this model, reading day and night"]("missed", "mean") <= 1.1


def test_even_a_worthless_model_makes_nobody_wait_much_longer_than_the_longest_wait_before(ratios):
    assert ratios["a worthless model"]("all", "max") <= 1.10
