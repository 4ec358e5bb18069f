"""What a site and a person may send in a day."""

import pytest
from django.db.models import Sum

from screening import intake, keeping, quotas
from screening.models import Batch, Usage
from tests import factories
from tests.intake import films

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(batch):
    """A batch from the page, of a technologist."""
    return factories.batch(batch.site, by=factories.technologist(batch.site))


def test_each_receipt_counts_once_with_its_bytes(sent):
    intake.receive(sent, "a.jpg", films.jpeg(), key="k1")
    intake.receive(sent, "a.jpg", films.jpeg(), key="k1")
    intake.receive(sent, "b.jpg", b"no film")
    used = Usage.objects.get(site=sent.site, user=sent.uploaded_by)
    assert (used.files, used.bytes) == (2, len(films.jpeg()) + len(b"no film"))


def test_a_person_at_the_limit_is_told_when_to_go_on(sent):
    sent.site.daily_files_a_user = 1
    quotas.check(sent, 100)
    intake.receive(sent, "a.jpg", films.jpeg())
    with pytest.raises(quotas.Exceeded, match="1 files to site") as caught:
        quotas.check(sent, 100)
    assert 0 < caught.value.retry_after_s <= 86_401
    quotas.check(factories.batch(sent.site, by=factories.technologist(sent.site)), 100)


def test_a_site_at_its_limit_is_full_for_everybody(sent):
    sent.site.daily_files = 1
    intake.receive(sent, "a.jpg", films.jpeg())
    other = factories.batch(sent.site, by=factories.technologist(sent.site))
    with pytest.raises(quotas.Exceeded, match="1 files"):
        quotas.check(other, 100)


def test_bytes_are_limited_too(sent):
    sent.site.daily_gigabytes = 1
    quotas.check(sent, 2**30)
    with pytest.raises(quotas.Exceeded, match="1 GB"):
        quotas.check(sent, 2**30 + 1)


def test_yesterday_does_not_count(sent):
    sent.site.daily_files = 1
    intake.receive(sent, "a.jpg", films.jpeg())
    Usage.objects.update(day="2020-01-01")
    quotas.check(sent, 100)


def test_what_an_operator_sends_is_counted_and_not_refused(batch):
    command = factories.batch(batch.site, source=Batch.Source.COMMAND)
    batch.site.daily_files = 1
    for seed in range(2):
        quotas.check(command, 100)
        intake.receive(command, "a.jpg", films.jpeg(seed))
    assert Usage.objects.aggregate(files=Sum("files"))["files"] == 2


def test_below_the_floor_of_the_disk_nothing_is_taken_until_there_is_space_again(batch, stored, settings):
    intake.receive(batch, "a.jpg", films.jpeg(1))
    settings.DISK_FLOOR_B = 2**60
    before = stored()
    with pytest.raises(keeping.StorageFull):
        intake.receive(batch, "b.jpg", films.jpeg(2))
    assert stored() == before
    settings.DISK_FLOOR_B = 0
    assert intake.receive(batch, "b.jpg", films.jpeg(2)).outcome == "accepted"


def test_what_a_manifest_sends_to_another_site_is_counted_and_limited_there(batch):
    there = factories.site("there")
    there.daily_files = 1
    there.save()
    mine = factories.batch(batch.site, by=factories.technologist(batch.site, there))
    intake.receive(mine, "manifest.csv", b"file,site\na.jpg,there\nb.jpg,there\n")
    intake.receive(mine, "a.jpg", films.jpeg(1))
    with pytest.raises(quotas.Exceeded, match="Site there"):
        intake.receive(mine, "b.jpg", films.jpeg(2))
    assert intake.receive(mine, "c.jpg", films.jpeg(2)).outcome == "accepted"
