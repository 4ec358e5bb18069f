"""What people read of a film's age, its view, and why it has no score."""

import pytest

from screening import wording
from screening.models import Image, Study


@pytest.mark.parametrize(
    ("years", "group", "words"),
    [
        (4.5, "", "4 y"), (1.5, "", "18 mo"), (4, "adult", "4 y"), (None, "", "age unknown"),
        (None, "1_to_5", "1 to 5 years, as sent"), (None, "under_1", "under 1 year, as sent"),
    ],
)  # fmt: skip
def test_an_age_says_who_says_it(years, group, words):
    assert wording.age(Study(age_years=years, age_group=group)) == words


@pytest.mark.parametrize(
    ("code", "words"),
    [("", "view unknown"), ("PA", "PA"), ("AP", "AP"), ("LATERAL", "lateral"), ("LL", "lateral"), ("TREE", "tree")],
)
def test_a_view_is_said_as_people_say_it(code, words):
    assert wording.view(code) == words


@pytest.mark.parametrize("gate", [gate.value for gate in Image.Gate if gate])
def test_every_reason_that_keeps_the_ai_from_a_film_says_so(gate):
    assert wording.ai_state(gate).startswith("AI not applied: ")
    assert wording.gate(Image(gate=gate)) == wording.ai_state(gate)


def test_what_keeps_the_ai_from_a_film_is_named():
    image = Image(gate="undecodable", gate_detail="JPEG XL (1.2.840.10008.1.2.4.112)")
    assert wording.gate(image).endswith("yet: JPEG XL (1.2.840.10008.1.2.4.112)")
    assert wording.gate(Image()) == ""


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (None, "The archive was not"),
        (1, "1 file of the archive was not"),
        (1812, "1,812 files of the archive were not"),
    ],
)
def test_what_is_left_of_an_archive_is_counted(left, words):
    assert wording.not_unpacked(left).startswith(words)
