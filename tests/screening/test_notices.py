"""What people are told without asking: once, the right people, and nothing that reading blind should hide."""

from datetime import timedelta

import pytest
from django.utils import timezone

from screening import notices
from screening.models import Job, Notice, Priority, Receipt, Role
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(db):
    factories.active_model()
    return factories.site()


@pytest.fixture
def stat(site):
    return factories.screened(factories.study(site, priority=Priority.STAT), 0.9)


def rested(batch, study):
    """The batch has brought this study, long enough ago."""
    Receipt.objects.create(batch=batch, name="a", outcome="accepted", study=study, image=study.images.get())
    Receipt.objects.update(created_at=timezone.now() - 2 * notices.REST)


def kinds():
    return sorted(Notice.objects.values_list("kind", flat=True))


def test_a_likely_pneumonia_in_class_stat_is_told_once(stat):
    notices.gather()
    notices.gather()
    assert Notice.objects.get().study == stat


@pytest.mark.parametrize(
    ("priority", "p"), [(Priority.ROUTINE, 0.9), (Priority.URGENT, 0.9), (Priority.STAT, 0.5), (Priority.STAT, 0.1)]
)
def test_nothing_else_is_told(site, priority, p):
    factories.screened(factories.study(site, priority=priority), p)
    notices.gather()
    assert kinds() == []


def test_a_site_that_reads_blind_is_not_told_what_the_ai_says(site, stat):
    site.blind_first = True
    site.save()
    notices.gather()
    assert kinds() == []


def test_what_somebody_reads_already_is_no_news(site, stat):
    factories.claimed(stat, factories.radiologist(site))
    notices.gather()
    assert kinds() == []


def test_yesterdays_study_is_no_news_after_an_outage(site):
    factories.screened(factories.study(site, priority=Priority.STAT, ago=notices.NEWS + timedelta(hours=1)), 0.9)
    notices.gather()
    assert kinds() == []


def test_a_batch_is_told_of_when_nothing_of_it_is_left_to_do(site):
    person = factories.technologist(site)
    batch, study = factories.batch(site, by=person), factories.study(site)
    rested(batch, study)
    notices.gather()
    assert kinds() == []
    factories.screened(study, 0.1)
    job = Job.objects.create(kind=Job.Kind.ARCHIVE, batch=batch)
    notices.gather()
    assert kinds() == []
    job.delete()
    notices.gather()
    assert Notice.objects.get().batch == batch
    assert list(notices.recipients(Notice.objects.get())) == [person]


def test_a_batch_that_is_still_coming_in_has_not_ended(site):
    batch, study = factories.batch(site, by=factories.technologist(site)), factories.study(site)
    rested(batch, factories.screened(study, 0.1))
    Receipt.objects.create(batch=batch, name="b", outcome="rejected")
    notices.gather()
    assert kinds() == []


def test_the_watched_folder_never_ends(site):
    batch = factories.batch(site, by=factories.technologist(site), source="watch")
    rested(batch, factories.screened(factories.study(site), 0.1))
    notices.gather()
    assert kinds() == []


@pytest.mark.parametrize(
    ("kind", "role"),
    [(Notice.Kind.STAT_LIKELY, Role.RADIOLOGIST), (Notice.Kind.FALSE_NEGATIVE, Role.CLINICAL_LEAD)],
)
def test_the_role_at_the_site_is_told_and_nobody_else(site, kind, role, stat):
    people = [factories.person(each, site) for each in Role]
    people.append(factories.person(role, factories.site()))
    notices.tell(kind, site, study=stat)
    told = [person for person in people if notices.of(person).exists()]
    assert told == list(notices.recipients(Notice.objects.get())) == [people[list(Role).index(role)]]


def test_what_was_seen_is_not_new(site, stat):
    reader = factories.radiologist(site)
    notices.gather()
    assert notices.unseen(reader).count() == 1
    notices.seen(reader, Notice.objects.get().created_at)
    reader.refresh_from_db()
    assert notices.unseen(reader).count() == 0
    assert notices.of(reader).count() == 1


def test_an_e_mail_goes_to_those_who_want_it_and_have_an_address(site, stat, settings):
    settings.MAIL = {"EMAIL_HOST": "localhost"}
    wants = factories.radiologist(site, email="reader@example.org", mail_notices=True)
    factories.radiologist(site, email="other@example.org")
    factories.radiologist(site, mail_notices=True)
    (job,) = notices.gather()
    assert (job.kind, job.recipient, job.priority) == (Job.Kind.MAIL, wants, Priority.STAT)


def test_without_a_mail_server_no_e_mail_is_prepared(site, stat, settings):
    settings.MAIL = {}
    factories.radiologist(site, email="reader@example.org", mail_notices=True)
    assert notices.gather() == []
    assert kinds() == [Notice.Kind.STAT_LIKELY]
