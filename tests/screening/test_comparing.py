"""What a promotion would move, and what a change of model has changed."""

from datetime import timedelta

import pytest

from screening import comparing
from screening.models import Study
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def old():
    return factories.active_model("1")


@pytest.fixture
def new(old):
    return factories.shadow_model("2")


@pytest.fixture
def site(new):
    return factories.site()


def scored(site, old, new, was, now, **said):
    study = factories.screened(factories.study(site, **said.pop("study", {})), was, by=old)
    return study if now is None else factories.screened(study, now, by=new, **said)


def test_waiting_studies_are_counted_by_how_they_would_move(site, old, new):
    for was, now in ((0.1, 0.9), (0.2, 0.3), (0.9, 0.1), (0.5, 0.5), (0.4, None)):
        scored(site, old, new, was, now)
    found = comparing.preview(new, old)
    assert (found.waiting, found.up, found.down, found.unscored, found.absent_likely) == (5, 2, 1, 1, 0)


def test_a_read_negative_that_becomes_likely_is_counted_and_another_is_not(site, old, new):
    reader = factories.radiologist(site)
    for finding, now in (("absent", 0.9), ("absent", 0.1), ("present", 0.9)):
        factories.read(scored(site, old, new, 0.1, now), reader, finding)
    assert comparing.preview(new, old).absent_likely == 1


def test_the_preview_is_a_sentence():
    said = comparing.Preview(waiting=60, up=31, down=12, unscored=7, absent_likely=4).sentence("v2")
    assert said == (
        "With v2, 31 waiting studies move up, 12 move down, 4 read as absent become likely; "
        "7 waiting studies are not yet scored by it."
    )
    one = comparing.Preview(waiting=1, up=1, down=1, unscored=1, absent_likely=1).sentence("v2")
    assert "1 waiting study moves up, 1 moves down, 1 read as absent becomes likely" in one


def test_the_preview_changes_nothing(site, old, new):
    study = scored(site, old, new, 0.1, 0.9)
    was = Study.objects.values().get()
    comparing.preview(new, old)
    assert Study.objects.values().get() == was and study.band == "less_likely"


def test_a_model_before_any_other_is_previewed_too(db):
    new = factories.shadow_model("2")
    factories.study(factories.site())
    assert comparing.preview(new, None).unscored == 1


def test_what_changed_lists_studies_with_another_band_the_latest_first(site, old, new):
    reader = factories.radiologist(site)
    up = factories.read(scored(site, old, new, 0.1, 0.9, study={"ago": timedelta(minutes=1)}), reader)
    down = scored(site, old, new, 0.9, 0.5)
    scored(site, old, new, 0.8, 0.9)
    scored(site, old, new, 0.8, None)
    found = comparing.explained(comparing.changed(old, new, Study.objects.all()), old, new)
    told = [(each.study.pk, each.before, each.after, each.score_before, each.score_after) for each in found]
    assert told == [(down.pk, "likely", "uncertain", 90, 50), (up.pk, "less_likely", "likely", 10, 90)]
    assert [each.study.finding for each in found] == [None, "absent"]


def test_a_study_outside_the_models_ages_as_its_sender_said_stays_uncertain(site, old, new):
    scored(site, old, new, 0.1, 0.9, study={"age_group": "adult"})
    assert not comparing.changed(old, new, Study.objects.all())


def test_the_latest_finding_counts(site, old, new):
    from screening import reading

    reader = factories.radiologist(site)
    study = factories.read(scored(site, old, new, 0.1, 0.9), reader, "absent")
    reading.addend(study, reader, finding="present", comment="")
    found = comparing.explained(comparing.changed(old, new, Study.objects.all()), old, new)
    assert found[0].study.finding == "present"
    assert comparing.preview(new, old).absent_likely == 0


@pytest.mark.parametrize("why", [{"outside_domain": True}, {"study": {"age_years": 61}}])
def test_where_no_score_counts_the_band_is_uncertain(site, old, new, why):
    scored(site, old, new, 0.1, 0.9, **why)
    rows = comparing.changed(old, new, Study.objects.all())
    if "study" in why:  # outside the ages of both
        assert not rows
    else:
        assert [(row["before"], row["after"]) for row in rows] == [(0, 1)]


def test_withdrawn_studies_and_those_of_other_sites_are_left_out(site, old, new):
    factories.withdrawn(scored(site, old, new, 0.1, 0.9), factories.technologist(site))
    scored(factories.site("elsewhere"), old, new, 0.1, 0.9)
    assert not comparing.changed(old, new, Study.objects.filter(site=site))
