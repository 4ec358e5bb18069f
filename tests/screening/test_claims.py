"""Claims that change hands: handed over, or ended by somebody else."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from screening import claims, reading
from screening.models import Draft, Event, Role, Study
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    factories.active_model()
    return factories.site()


@pytest.fixture
def reader(site):
    return factories.radiologist(site)


@pytest.fixture
def study(site, reader):
    return reading.claim(factories.screened(factories.study(site), 0.9), reader)


def fresh(study):
    return Study.objects.get(pk=study.pk)


def test_a_study_handed_over_is_the_receivers_with_a_lease_of_its_own(site, reader, study):
    Study.objects.filter(pk=study.pk).update(claimed_until=Now() + timedelta(minutes=1))
    to = factories.radiologist(site)
    claims.hand_over(study, reader, to)
    study = fresh(study)
    assert (study.status, study.claimed_by) == ("reading", to)
    assert study.claimed_until > factories.worklist.database_now() + timedelta(minutes=14)
    assert claims.handed_over_by(study) == reader
    with pytest.raises(reading.NotYours, match="handed this study over"):
        reading.renew(study, reader)


def test_the_draft_goes_along_and_stays_and_the_finding_before_the_ai_does_not(site, reader, study):
    reading.save_draft(study, reader, {"finding": "present", "comment": "left base"})
    Draft.objects.update(blind_finding="present")
    to = factories.radiologist(site)
    claims.hand_over(study, reader, to)
    said = Draft.objects.get(reader=to)
    assert (said.finding, said.comment, said.blind_finding) == ("present", "left base", "")
    assert Draft.objects.filter(reader=reader).exists()


def test_a_draft_of_the_receiver_is_never_overwritten(site, reader, study):
    to = factories.radiologist(site)
    reading.save_draft(study, to, {"comment": "mine, of yesterday"})
    reading.save_draft(study, reader, {"comment": "new"})
    claims.hand_over(study, reader, to)
    assert Draft.objects.get(reader=to).comment == "mine, of yesterday"


@pytest.mark.parametrize("who", ["elsewhere", "technologist", "deactivated", "oneself"])
def test_only_another_radiologist_of_the_site_receives_it(site, reader, study, who):
    to = {
        "elsewhere": lambda: factories.radiologist(factories.site()),
        "technologist": lambda: factories.technologist(site),
        "deactivated": lambda: factories.radiologist(site, is_active=False),
        "oneself": lambda: reader,
    }[who]()
    with pytest.raises(reading.NotYours):
        claims.hand_over(study, reader, to)
    assert fresh(study).claimed_by == reader
    assert to not in claims.colleagues(study, reader)


def test_what_is_not_mine_any_more_is_not_handed_over(site, reader, study):
    Study.objects.filter(pk=study.pk).update(claimed_until=Now() - timedelta(seconds=1))
    with pytest.raises(reading.NotYours, match="not handed over"):
        claims.hand_over(study, reader, factories.radiologist(site))


def test_a_claim_that_is_ended_returns_the_study_keeps_the_draft_and_is_told(site, reader, study):
    reading.save_draft(study, reader, {"comment": "so far"})
    lead = factories.person(Role.CLINICAL_LEAD, site, first_name="Ada", last_name="Lead")
    claims.end(study, lead)
    study = fresh(study)
    assert (study.status, study.claimed_by) == ("screened", None)
    assert Draft.objects.get().comment == "so far"
    assert Event.objects.get(kind="break_lock").actor == lead
    with pytest.raises(reading.NotYours, match="Ada Lead ended your claim"):
        reading.renew(study, reader)
    reading.claim(study, reader)
    Study.objects.filter(pk=study.pk).update(claimed_until=Now() - timedelta(seconds=1))
    with pytest.raises(reading.NotYours, match="Your claim on this study has ended"):
        reading.renew(study, reader)


def test_a_claim_that_is_gone_cannot_be_ended(site, reader, study):
    reading.release(study, reader)
    with pytest.raises(reading.NotYours, match="Nobody has this study"):
        claims.end(study, factories.administrator())


def test_running_claims_say_since_when(site, reader, study):
    (claim,) = claims.running()
    assert (claim.study, claim.study.claimed_by) == (study, reader)
    assert claim.since == Event.objects.get(kind="claim").at
