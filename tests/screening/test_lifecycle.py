"""The table of moves, each from and to, and the setter."""

import pytest
from django.conf import settings
from django.db import transaction

from screening import lifecycle
from screening.lifecycle import MOVES, S
from screening.models import Event, Study
from tests import factories

PAIRS = [(was, to) for was in S for to in S]


def at_status(status):
    """A study put at a status as the row alone: this table is what says which moves lead there."""
    study = factories.study(factories.site())
    claim = {}
    if status == S.READING:
        reader = factories.person("radiologist", study.site)
        claim = {"claimed_by": reader, "claimed_until": "2100-01-01T00:00:00Z"}
    Study.objects.filter(pk=study.pk).update(status=status, **claim)
    study.refresh_from_db()
    return study


@pytest.mark.django_db
@pytest.mark.parametrize(("was", "to"), [pair for pair in PAIRS if pair[1] not in MOVES[pair[0]]])
def test_a_move_outside_the_table_raises_and_writes_nothing(was, to):
    study = at_status(was)
    with pytest.raises(lifecycle.ImpossibleMove):
        lifecycle.move(study, to, Event.Kind.SCREENED)
    study.refresh_from_db()
    assert study.status == was


@pytest.mark.django_db
@pytest.mark.parametrize(("was", "to"), [pair for pair in PAIRS if pair[1] in MOVES[pair[0]]])
def test_a_move_of_the_table_is_made_with_one_event(was, to):
    study = at_status(was)
    extra = {}
    if to == S.READING:
        extra = {"claimed_by": factories.person("radiologist", study.site), "claimed_until": "2100-01-01T00:00:00Z"}
    before = Event.objects.filter(study=study).count()
    lifecycle.move(study, to, Event.Kind.SCREENED, **extra)
    study.refresh_from_db()
    assert study.status == to
    assert Event.objects.filter(study=study).count() == before + 1
    assert (study.claimed_by is None) == (to != S.READING)


@pytest.mark.django_db
def test_a_move_from_a_status_that_has_passed_is_overtaken_and_leaves_no_event():
    study = factories.study(factories.site())
    stale = Study.objects.get(pk=study.pk)
    lifecycle.move(study, S.SCREENED, Event.Kind.SCREENED)
    before = Event.objects.count()
    with pytest.raises(lifecycle.Overtaken):
        lifecycle.move(stale, S.UNSCREENED, Event.Kind.SCREENED)
    assert Event.objects.count() == before


def test_the_readme_shows_the_diagram_of_the_table():
    readme = (settings.ROOT / "README.md").read_text()
    assert lifecycle.diagram() in readme


@pytest.mark.django_db
def test_many_that_wait_are_moved_together_with_an_event_each():
    factories.active_model()
    studies = [factories.study(factories.site()) for _ in range(3)]
    lifecycle.move_held([(study, S.UNSCREENED, {"band": ""}) for study in studies], Event.Kind.SCREENED)
    assert {Study.objects.get(pk=study.pk).status for study in studies} == {"unscreened"}
    for study in studies:
        event = study.events.last()
        assert (event.kind, event.site_id) == ("screened", study.site_id)
        assert event.detail == {"was": "received", "to": "unscreened", "band": ""}


@pytest.mark.django_db
def test_of_many_that_are_moved_together_none_is_where_one_was_overtaken():
    factories.active_model()
    studies = [factories.study(factories.site()) for _ in range(2)]
    Study.objects.filter(pk=studies[1].pk).update(status="withdrawn")
    with pytest.raises(lifecycle.Overtaken), transaction.atomic():
        lifecycle.move_held([(study, S.SCREENED, {}) for study in studies], Event.Kind.SCREENED)
    assert Study.objects.get(pk=studies[0].pk).status == "received"
    with pytest.raises(lifecycle.ImpossibleMove):
        lifecycle.move_held([(studies[0], S.READ, {})], Event.Kind.SIGN)
