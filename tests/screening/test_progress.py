"""How far a batch is, counted by the database."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from screening import batches, queue
from screening.models import Batch, Job, Receipt, Screening
from screening.progress import progress, siblings
from tests import factories
from tests.screening.films import archive, brought

pytestmark = pytest.mark.django_db


def receipt(batch, outcome="rejected", reason="truncated", **fields):
    return Receipt.objects.create(batch=batch, name="film", outcome=outcome, reason=reason, **fields)


def failures(batch):
    return [(each.where, each.code, each.count, each.can_retry) for each in progress(batch).failures]


def test_an_empty_batch_is_settled_and_has_nothing_to_wait_for(batch):
    so_far = progress(batch)
    assert (so_far.files, so_far.images, so_far.settled, so_far.eta_s, so_far.failures) == (0, 0, True, 0.0, [])


def test_images_are_counted_by_the_state_of_their_screening(batch):
    brought(batch, gate="lateral", view="LATERAL")
    factories.screened(brought(batch), 0.9)
    factories.failed(brought(batch))
    brought(batch)
    so_far = progress(batch)
    assert so_far.screenings == {"not_applicable": 1, "done": 1, "failed": 1, "pending": 1}
    assert (so_far.images, so_far.screened, so_far.settled) == (4, 3, False)
    assert so_far.bands == {"likely": 1, "uncertain": 0, "less_likely": 0}


def test_a_film_without_a_screening_yet_is_pending(batch):
    brought(batch)
    Screening.objects.all().delete()
    assert progress(batch).screenings == {"pending": 1}


def test_a_film_that_is_shut_off_later_is_not_counted_twice(batch):
    study = factories.screened(brought(batch), 0.9)
    study.images.update(gate="lateral", view="LATERAL")
    assert progress(batch).screenings == {"not_applicable": 1}


def test_what_another_batch_brought_to_the_study_is_not_counted(batch):
    factories.join(brought(batch), seed=1)
    assert progress(batch).images == 1


def test_failures_are_grouped_by_where_and_why_and_say_which_can_be_retried(batch):
    for _ in range(2):
        receipt(batch)
    receipt(batch, "conflict", "uid_conflict")
    receipt(batch, "skipped", "companion")
    receipt(batch, "duplicate", "same_file")
    brought(batch, gate="undecodable")
    brought(batch, gate="lateral", view="LATERAL")
    factories.failed(brought(batch), code="model_failed")
    factories.failed(brought(batch), code="rendition_unreadable")
    archive(batch, state="failed", error_code="storage_full")
    assert sorted(failures(batch)) == [
        ("archive", "storage_full", 1, True),
        ("file", "truncated", 2, False),
        ("file", "uid_conflict", 1, False),
        ("film", "undecodable", 1, True),
        ("screening", "model_failed", 1, True),
        ("screening", "rendition_unreadable", 1, False),
    ]
    assert all(each.sentence for each in progress(batch).failures if each.where != "archive")


def test_a_cancelled_batch_says_how_many_files_were_not_unpacked_and_not_screened(batch):
    brought(batch)
    job = archive(batch, total=814)
    for entry in (1, 2):
        receipt(batch, job=job, entry=entry)
    batches.cancel(batch, None)
    groups = {each.where: each for each in progress(batch).failures}
    assert groups["archive"].sentence == "812 files of the archive were not unpacked: cancelled."
    assert (groups["archive"].code, groups["archive"].can_retry) == ("cancelled", True)
    assert (groups["screening"].code, groups["screening"].count) == ("cancelled", 1)
    assert progress(batch).settled
    assert progress(batch).packed == 0


def test_an_archive_that_was_not_opened_yet_has_nobody_knows_how_many_files(batch):
    archive(batch)
    so_far = progress(batch)
    assert (so_far.archives[0].left, so_far.packed, so_far.eta_s, so_far.settled) == (None, 0, None, False)


def test_a_dry_run_counts_what_would_become_of_its_files(batch):
    Batch.objects.filter(pk=batch.pk).update(state="trial")
    receipt(batch, "accepted", "", held="held/1")
    receipt(batch, "accepted", "lateral", held="held/2")
    receipt(batch, "duplicate", "same_file")
    so_far = progress(batch)
    assert (so_far.outcomes["accepted"], so_far.outcomes["duplicate"], so_far.held) == (2, 1, 2)
    assert [(each.code, each.files) for each in so_far.reasons] == [("lateral", 1), ("same_file", 1)]
    assert (so_far.images, so_far.settled) == (0, True)


def test_a_confirmation_keeps_the_batch_unsettled(batch):
    Job.objects.create(kind=Job.Kind.CONFIRM, batch=batch)
    assert not progress(batch).settled


def screened_lately(batch, films, seconds):
    """So many films of another batch, the first of them ended so many seconds ago."""
    for _ in range(films):
        factories.screened(factories.study(batch.site, ago=timedelta(hours=9)), 0.5)
    done = Screening.objects.filter(state="done")
    done.update(ended_at=Now() - timedelta(seconds=seconds))


def test_the_time_left_is_what_waits_before_by_the_rate_of_late(batch):
    screened_lately(batch, films=4, seconds=20)
    factories.study(batch.site, ago=timedelta(hours=8))
    brought(batch)
    assert progress(batch).eta_s == pytest.approx(2 / (4 / 20), rel=0.1)


def test_what_comes_after_the_batch_does_not_count(batch):
    screened_lately(batch, films=4, seconds=20)
    brought(batch, ago=timedelta(hours=1))
    factories.study(batch.site)
    assert progress(batch).eta_s == pytest.approx(1 / (4 / 20), rel=0.1)


def test_files_still_in_an_archive_count_too(batch):
    screened_lately(batch, films=4, seconds=20)
    archive(batch, total=9)
    assert progress(batch).eta_s == pytest.approx(9 / (4 / 20), rel=0.1)


def test_where_nothing_has_ended_of_late_nobody_knows_the_time_left(batch):
    screened_lately(batch, films=4, seconds=400)
    brought(batch)
    assert progress(batch).eta_s is None


def test_a_running_film_is_waited_for(batch):
    screened_lately(batch, films=4, seconds=20)
    brought(batch)
    queue.claim(Screening.objects.filter(state="pending"), "one", 1)
    assert progress(batch).eta_s == pytest.approx(1 / (4 / 20), rel=0.1)


def test_siblings_are_named_at_ones_own_sites_alone(batch):
    there, nowhere = factories.site("there"), factories.site("nowhere")
    for site in (there, nowhere):
        receipt(factories.batch(site, parent=batch))
    assert [(each.site, each.files) for each in siblings(batch, [batch.site, there])] == [(there, 1)]


@pytest.mark.parametrize("films", [3, 30])
def test_it_asks_a_few_questions_whatever_the_batch_holds(batch, films):
    for _ in range(films):
        factories.failed(brought(batch))
        receipt(batch)
    with CaptureQueriesContext(connection) as asked:
        progress(batch)
    assert len(asked) <= 10
