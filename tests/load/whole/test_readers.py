"""Fifty readers in sessions of their own drain a worklist, and some of them are never seen again."""

import random

import pytest

from screening.models import Study
from tests.faults.conftest import SWEEP_S, until
from tests.load import readers

pytestmark = [pytest.mark.load, pytest.mark.slow]
READERS, STUDIES = 50, 1_000
MINUTES, LATE_S = 1, 30


def test_each_study_is_claimed_once_and_the_likelier_first(installation, say):
    installation.started("portal")
    say(f"{READERS} readers, {STUDIES} studies", **readers.drained(installation.address, READERS, STUDIES))


def test_what_readers_abandon_comes_back_and_nothing_is_held_by_two(installation, factories, say):
    """A fifth of the readers are gone with a study in hand; the others sign three of four and give the fourth back."""
    site, said = factories.site(), []
    studies = readers.scored(site, factories.active_model(), STUDIES // 2)
    installation.start("sweeper", CLAIM_MINUTES=MINUTES)
    installation.started("portal", CLAIM_MINUTES=MINUTES)
    people = readers.visitors(installation.address, site, READERS, said)
    left, released = [], []

    def work(visitor):
        chance, turn = random.Random(visitor.person.username), 0
        while study := visitor.take():
            turn += 1
            if turn == 3 and visitor in people[::5]:
                left.append(study["id"])
                return
            if chance.random() < 0.25:
                visitor.release(study)
                released.append(study["id"])
            else:
                assert visitor.sign(study)

    readers.at_once(work, people)
    assert len(left) == READERS // 5
    bound = 60 * MINUTES + SWEEP_S
    until(lambda: len(readers.held_until_expired()) == len(left), bound + LATE_S, "what was abandoned is back")
    readers.at_once(readers.drain, people[1:5])
    slowest = max(readers.held_until_expired())
    say("abandoned", count=len(left), released=len(released), slowest_s=slowest, bound_s=bound)
    assert slowest <= bound + LATE_S
    assert Study.objects.filter(status=Study.Status.READ).count() == len(studies)
    assert {each.status for each in said} == {200, 201, 204}
    assert not readers.held_by_two()
