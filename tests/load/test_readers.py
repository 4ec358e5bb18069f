"""Ten readers drain a hundred studies over HTTP; what would be wrong about that is seen. The whole is in whole/."""

import contextlib

import requests

from screening import reading
from screening.models import Event
from tests.faults.conftest import until
from tests.load import readers


def answers(address):
    with contextlib.suppress(requests.RequestException):
        return requests.get(f"{address}/healthz", timeout=5).ok


def test_ten_readers_drain_a_hundred_studies_each_claimed_once(portal, transactional_db):
    address, _ = portal
    until(lambda: answers(address), 60, "the portal")
    readers.drained(address, 10, 100)


def test_an_order_that_is_turned_round_is_seen(factories):
    made = readers.scored(factories.site(), factories.active_model(), 30)
    studies = {each.pk: (each.priority, each.probability) for each in made}
    best_first = sorted(studies, key=lambda pk: -studies[pk][1])
    one_by_one = [(pk, 2 * number, 2 * number + 1) for number, pk in enumerate(best_first)]
    assert readers.inverted(one_by_one, studies) == 0
    turned = [(pk, asked, answered) for pk, (_, asked, answered) in zip(best_first[::-1], one_by_one, strict=True)]
    assert readers.inverted(turned, studies) > 10
    assert readers.inverted([(pk, 0, 1) for pk in best_first], studies) == 0


def test_a_study_claimed_while_another_holds_it_is_seen(factories):
    site = factories.site()
    study, (one, other) = factories.study(site), (factories.radiologist(site) for _ in range(2))
    reading.claim(study, one)
    assert not readers.held_by_two()
    Event.note(Event.Kind.CLAIM, actor=other, study=study)
    assert readers.held_by_two() == [study.pk]
