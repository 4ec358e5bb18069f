"""Many sites and filters as bounded ranges, merged: the same studies in the same order as one look at all of them."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from screening import order, places, worklist
from screening.choice import AI, EVERYTHING, Choice
from screening.models import Band, Event, Priority, Site, Study
from screening.switching import switch_ai_order
from tests import factories
from tests.waiting import wait

pytestmark = pytest.mark.django_db
SITES = 3


@pytest.fixture
def sites():
    model = factories.active_model()
    made = [factories.site() for _ in range(SITES)]
    for number, site in enumerate(made):
        wait(site, 40 + 20 * number, model=model, spread=1.5)
    return made


def everything(sites, choice=EVERYTHING, **how):
    """All pages of the choice, one after the other."""
    studies, after = [], None
    while True:
        page = worklist.page(worklist.waiting(Study.objects.all()), sites=sites, choice=choice, after=after, **how)
        studies += page.studies
        after = page.after
        if after is None:
            return studies


def sorted_in_python(sites, choice, t0):
    listed = [study for study in Study.objects.filter(site__in=sites) if choice.takes(study, t0)]
    stand = {study.pk: places.place_of(study, t0) for study in listed}
    return sorted(listed, key=lambda study: (stand[study.pk].position, stand[study.pk].key))


CHOICES = [
    Choice(*each) for each in itertools.product([None, Priority.URGENT], ["", Band.LIKELY, Band.UNCERTAIN], ["", *AI])
]


def test_pages_of_every_choice_are_those_of_one_look_at_all_studies(sites):
    t0 = worklist.database_now()
    for choice in [*CHOICES, Choice(overdue=True), Choice(overdue=True, band=Band.LESS_LIKELY), Choice(unclaimed=True)]:
        assert everything(sites, choice, size=17) == sorted_in_python(sites, choice, t0), choice
    assert len(everything(sites, size=17)) == 180


def test_a_site_that_was_not_asked_for_is_not_there(sites):
    assert {study.site_id for study in everything(sites[:2])} == {site.pk for site in sites[:2]}


def test_what_the_queryset_leaves_out_is_passed_over(sites):
    some = Study.objects.filter(patient_id__endswith="7")
    page = worklist.page(worklist.waiting(some), sites=sites, size=5)
    assert len(page.studies) == 5
    assert all(study.patient_id.endswith("7") for study in page.studies)


def test_counts_end_where_they_say(sites, monkeypatch):
    tally = places.tally([site.pk for site in sites], factories.radiologist(), [])
    t0 = tally.now
    assert tally.waiting == 180 == tally.count()
    assert tally.past_limit == len([study for study in Study.objects.all() if study.cap_at <= t0])
    assert tally.oldest is None


def test_the_oldest_less_likely_study_is_that_of_the_sites_that_show_it(sites):
    tally = places.tally([site.pk for site in sites], factories.radiologist(), [sites[0].pk])
    oldest = Study.objects.filter(site=sites[0], band=Band.LESS_LIKELY).order_by("received_at").first()
    assert tally.oldest == (oldest.received_at, oldest.cap_at)


def test_what_is_being_read_is_not_free(sites):
    top = everything(sites[:1])[0]
    factories.claimed(top, factories.radiologist(sites[0]))
    assert top.pk not in next(worklist.free([sites[0].pk]))
    assert top in everything(sites[:1])
    assert top not in everything(sites[:1], Choice(unclaimed=True))


def test_the_free_are_all_met_in_order(sites, monkeypatch):
    monkeypatch.setattr(worklist, "TRIED", 7)
    met = [pk for lot in worklist.free([site.pk for site in sites]) for pk in lot]
    assert met == [study.pk for study in everything(sites)]


# The switch.


def test_switching_moves_every_study_as_its_formula_says_and_back(sites):
    site, lead = sites[0], factories.person("clinical_lead", sites[0])
    before = dict(Study.objects.filter(site=site).values_list("pk", "due_at"))
    assert switch_ai_order(site, False, lead)
    site = Site.objects.get(pk=site.pk)
    for study in Study.objects.filter(site=site).select_related("site"):
        assert (study.due_at, study.cap_at) == order.due(study, None)
    assert not switch_ai_order(site, False, lead)
    switch_ai_order(site, True, lead)
    after = dict(Study.objects.filter(site=site).values_list("pk", "due_at"))
    assert max(abs(after[pk] - due) for pk, due in before.items()) < timedelta(seconds=1)
    assert Event.objects.filter(kind="ai_order", actor=lead).count() == 2


def test_a_study_that_is_partly_screened_keeps_at_least_the_middle(sites):
    study = factories.screened(factories.study(sites[0]), 0.1)
    factories.image(study)
    switch_ai_order(sites[0], False, None), switch_ai_order(sites[0], True, None)
    study = Study.objects.get(pk=study.pk)
    assert study.due_at == order.due(study, 0.5)[0]


def test_a_signed_study_is_not_moved(sites):
    study = factories.read(factories.study(sites[0]), factories.radiologist(sites[0]))
    was = Study.objects.get(pk=study.pk).due_at
    Site.objects.filter(pk=sites[0].pk).update(cap_routine=60)
    switch_ai_order(sites[0], False, None)
    assert Study.objects.get(pk=study.pk).due_at == was


def test_hours_say_when_reading_resumes():
    from screening import hours

    site = Site(opens=datetime(2026, 1, 1, 8).time(), closes=datetime(2026, 1, 1, 17).time(), reading_days=range(5))
    said = hours.of(site)
    friday = datetime(2026, 11, 20, 16, 59, tzinfo=UTC)
    assert said.resumes(friday) is None
    assert said.resumes(friday + timedelta(minutes=1)) == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert hours.ALWAYS.resumes(friday) is None
