"""Finding before score: whose, until when, and which finding is kept."""

import pytest

from screening import blinding, reading, rereading
from screening.models import Draft, Event, Read, Role, Study
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    factories.active_model()
    return factories.site(blind_first=True)


@pytest.fixture
def reader(site):
    return factories.radiologist(site)


@pytest.fixture
def study(site):
    return factories.screened(factories.study(site), 0.9)


def test_it_hides_what_waits_and_what_is_read_from_readers_of_a_blind_site(site, reader, study):
    signed = factories.read(factories.study(site), reader)
    open_one = factories.study(factories.site())
    reader.sites.add(open_one.site)
    studies = [study, signed, open_one]
    assert blinding.hidden_ids(studies, reader) == {study.pk}
    assert set(blinding.hidden(reader)) == {study}
    assert [blinding.hides_ai(each, reader) for each in studies] == [True, False, False]


@pytest.mark.parametrize("role", [Role.TECHNOLOGIST, Role.CLINICAL_LEAD, Role.ADMINISTRATOR])
def test_who_does_not_read_is_not_blinded(site, study, role):
    assert not blinding.hides_ai(study, factories.person(role, site))


def test_a_lead_who_reads_is_blinded(site, study):
    assert blinding.hides_ai(study, factories.person([Role.CLINICAL_LEAD, Role.RADIOLOGIST], site))


def test_a_finding_in_a_draft_shows_nothing_until_it_is_committed(reader, study):
    reading.claim(study, reader)
    reading.save_draft(study, reader, {"finding": "absent"})
    assert blinding.hides_ai(study, reader)
    reading.show_ai(study, reader)
    assert not blinding.hides_ai(study, reader)
    assert Event.objects.get(kind="ai_shown").detail == {"finding": "absent"}


def test_the_first_finding_stays_whatever_comes_after(reader, study):
    reading.claim(study, reader)
    draft = reading.save_draft(study, reader, {"finding": "absent"})
    reading.show_ai(study, reader)
    reading.save_draft(study, reader, {"finding": "present"}, draft.saved_at)
    reading.show_ai(study, reader)
    assert Draft.objects.get().blind_finding == "absent"
    read = reading.sign(study, reader, version=study.version, finding="present")
    assert (read.finding, read.blind_finding) == ("present", "absent")
    assert Event.objects.filter(kind="ai_shown").count() == 1


def test_who_signs_without_looking_has_said_it_blind(reader, study):
    reading.claim(study, reader)
    assert reading.sign(study, reader, version=study.version, finding="present").blind_finding == "present"


def test_elsewhere_nothing_is_said_blind():
    site = factories.site()
    factories.read(factories.study(site), factories.radiologist(site))
    assert Read.objects.get().blind_finding == ""


@pytest.mark.parametrize("draft", [{"finding": ""}, {"finding": "", "comment": "so far"}])
def test_without_a_finding_the_ai_stays_hidden(reader, study, draft):
    reading.claim(study, reader)
    reading.save_draft(study, reader, draft)
    with pytest.raises(reading.NotYours, match="Choose a finding first"):
        reading.show_ai(study, reader)


def test_without_the_claim_nobody_looks(site, reader, study):
    reading.save_draft(study, reader, {"finding": "present"})
    with pytest.raises(reading.NotYours):
        reading.show_ai(study, reader)
    assert blinding.hides_ai(Study.objects.get(pk=study.pk), reader)


def test_it_hides_a_signed_study_from_whoever_may_read_it_a_second_time_until_they_look(site, reader):
    site = factories.site(second_read_share=0)
    signer, second = factories.radiologist(site), factories.radiologist(site)
    signed = factories.read(factories.screened(factories.study(site), 0.1), signer, "present")
    assert [blinding.hides_ai(signed, each) for each in (second, signer, reader)] == [True, False, False]
    rereading.claim_next(second)
    assert set(blinding.hidden(second)) == {signed}
    Event.note("view", actor=second, study=signed)
    assert not blinding.hides_ai(signed, second)


def test_a_third_reader_is_not_blinded(site):
    site = factories.site(second_read_share=0)
    signed = factories.read(factories.screened(factories.study(site), 0.1), factories.radiologist(site), "present")
    second, third = factories.radiologist(site), factories.radiologist(site)
    rereading.sign(rereading.claim_next(second), second, version=signed.version, finding="absent")
    assert not blinding.hides_ai(signed, third)
