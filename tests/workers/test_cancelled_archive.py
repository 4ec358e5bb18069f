"""A batch that is cancelled while its archive is being unpacked."""

import io

import pytest

from screening import archive, batches, intake, queue
from screening.models import Job
from screening.progress import progress
from tests.intake import films
from tests.intake.conftest import media  # noqa: F401
from tests.workers.test_unpack import batch, one_thread  # noqa: F401
from workers import jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(batch, media):  # noqa: F811
    entries = {f"{number}.jpg": films.jpeg(number) for number in range(6)}
    return archive.spool(batch, "cd.zip", io.BytesIO(films.archive(entries)))


@pytest.fixture
def cancelled_at_the_third(batch, job, rung, monkeypatch):  # noqa: F811
    """The job, unpacked by a worker when somebody cancels the batch while the third entry is taken."""
    real, taken = intake.receive, []

    def receive(*args, **fields):
        taken.append(args)
        if len(taken) == 3:
            batches.cancel(batch, None)
        return real(*args, **fields)

    with monkeypatch.context() as patch:
        patch.setattr(intake, "receive", receive)
        jobs.unpack()
    job.refresh_from_db()
    return job


def test_it_stops_at_the_next_entry_and_says_how_many_were_left(batch, cancelled_at_the_third):  # noqa: F811
    job = cancelled_at_the_third
    assert (job.state, job.receipts.count(), job.total) == ("cancelled", 3, 6)
    (left,) = (each for each in progress(batch).failures if each.where == "archive")
    assert left.sentence == "3 files of the archive were not unpacked: cancelled."


def test_retry_goes_on_where_it_stopped_and_every_file_has_one_answer(batch, cancelled_at_the_third):  # noqa: F811
    batch.refresh_from_db()
    batches.retry(batch, None)
    jobs.unpack()
    job = Job.objects.get()
    assert (job.state, batch.receipts.count()) == ("done", 6)
    assert sorted(job.receipts.values_list("entry", flat=True)) == [1, 2, 3, 4, 5, 6]


def test_a_worker_of_before_the_retry_takes_no_more(batch, job):  # noqa: F811
    (before,) = queue.claim(Job.objects.select_related("batch__site"), "before", 1)
    batches.cancel(batch, None)
    batches.retry(batch, None)
    queue.claim(Job.objects.all(), "after", 1)
    assert not queue.holds(before)
    assert not queue.finish(before)
