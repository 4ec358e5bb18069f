"""A batch as a whole: cancelled, and tried again."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from screening import batches, handling, lifecycle, queue, sweeping
from screening.models import Batch, Event, Job, Screening, Study
from tests import factories
from tests.screening.films import archive, brought

pytestmark = pytest.mark.django_db


def states(batch):
    return sorted(Screening.objects.filter(image__receipts__batch=batch).values_list("state", flat=True))


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def test_a_cancelled_batch_has_nothing_pending_and_its_studies_stay_on_the_worklist(batch):
    study, scored = brought(batch), brought(batch)
    other = factories.study(batch.site)
    factories.screened(scored, 0.9)
    batches.cancel(batch, batch.uploaded_by)
    study.refresh_from_db()
    assert (fresh(batch).state, states(batch)) == ("cancelled", ["cancelled", "done"])
    assert (study.status, study.ai_state) == ("unscreened", "cancelled")
    assert study.status in Study.ON_WORKLIST
    assert Screening.objects.get(image__study=other).state == "pending"


def test_it_is_a_line_of_the_history_with_whoever_did_it(batch):
    batches.cancel(batch, batch.uploaded_by)
    batches.retry(batch, batch.uploaded_by)
    events = Event.objects.filter(detail__batch=str(batch.pk))
    assert [(event.kind, event.actor, event.site) for event in events] == [
        ("batch_cancelled", batch.uploaded_by, batch.site),
        ("batch_retried", batch.uploaded_by, batch.site),
    ]


def test_a_film_that_waits_for_another_try_is_cancelled_too(batch):
    brought(batch)
    (row,) = queue.claim(Screening.objects.all(), "one", 1)
    queue.fail(row, queue.Transient("model_failed", "The model failed."))
    batches.cancel(batch, None)
    assert states(batch) == ["cancelled"]


def test_a_film_that_a_worker_has_in_its_hands_is_still_screened(batch):
    study = brought(batch)
    (row,) = queue.claim(Screening.objects.all(), "one", 1)
    batches.cancel(batch, None)
    queue.complete([queue.Result(row, 2.0, 0.9, "likely", "v", 1.0)], "one")
    assert fresh(study).band == "likely"


def test_films_that_joined_a_study_from_another_batch_are_left_alone(batch):
    study = brought(batch)
    factories.join(study, seed=1)
    batches.cancel(batch, None)
    assert sorted(Screening.objects.values_list("state", flat=True)) == ["cancelled", "pending"]


def test_archives_that_wait_or_run_are_cancelled_and_a_worker_sees_it(batch):
    waiting, running = archive(batch), archive(batch)
    (held,) = queue.claim(Job.objects.filter(pk=running.pk), "one", 1)
    assert queue.holds(held)
    batches.cancel(batch, None)
    assert not queue.holds(held)
    assert not queue.finish(held)
    assert [fresh(job).state for job in (waiting, running)] == ["cancelled", "cancelled"]


@pytest.mark.parametrize("state", ["trial", "discarded", "cancelled"])
def test_only_an_open_batch_is_cancelled(batch, state):
    Batch.objects.filter(pk=batch.pk).update(state=state)
    with pytest.raises(lifecycle.Overtaken):
        batches.cancel(batch, None)


def test_retry_takes_back_a_cancel(batch):
    study, job = brought(batch), archive(batch)
    batches.cancel(batch, None)
    ids, jobs = batches.retry(batch, None)
    assert (fresh(batch).state, states(batch)) == ("open", ["pending"])
    assert (ids, jobs) == ([Screening.objects.get().pk], [job])
    assert (fresh(study).status, fresh(study).ai_state) == ("received", "pending")
    assert (fresh(job).state, fresh(job).error_code) == ("pending", "")


def test_a_confirmation_that_was_cancelled_is_taken_up(batch):
    Batch.objects.filter(pk=batch.pk).update(state="confirming")
    Job.objects.create(kind=Job.Kind.CONFIRM, batch=batch)
    batches.cancel(batch, None)
    batches.retry(batch, None)
    assert fresh(batch).state == "confirming"


def test_one_reason_is_tried_again_without_the_others(batch):
    factories.failed(brought(batch), code="model_failed")
    factories.failed(brought(batch), code="no_number")
    ids, _ = batches.retry(batch, None, code="model_failed")
    assert (len(ids), states(batch)) == (1, ["failed", "pending"])


def test_all_that_can_succeed_leaves_out_what_cannot(batch):
    factories.failed(brought(batch), code="model_failed")
    factories.failed(brought(batch), code="rendition_unreadable")
    archive(batch, state="failed", error_code="archive_missing")
    ids, jobs = batches.retry(batch, None)
    assert (len(ids), jobs) == (1, [])
    ids, jobs = batches.retry(batch, None, code="archive_missing")
    assert (ids, len(jobs)) == ([], 1)


def test_studies_that_are_read_or_withdrawn_are_not_screened_again(batch):
    read, withdrawn = factories.failed(brought(batch), code="model_failed"), brought(batch)
    factories.read(read, factories.radiologist(batch.site))
    factories.withdrawn(withdrawn, batch.uploaded_by)
    assert batches.retry(batch, None) == ([], [])
    assert states(batch) == ["cancelled", "failed"]


def test_films_that_could_not_be_decoded_get_a_job_each_and_never_two(batch):
    study = brought(batch, gate="undecodable")
    _, (job,) = batches.retry(batch, None)
    assert (job.kind, job.image, job.state) == ("decode", study.images.get(), "pending")
    assert batches.retry(batch, None)[1] == [job]
    (held,) = queue.claim(Job.objects.all(), "one", 1)
    queue.fail(held, queue.Permanent("undecodable", "It still cannot be decoded."))
    assert batches.retry(batch, None, code="undecodable")[1] == [job]
    assert Job.objects.get().state == "pending"


def test_more_studies_than_a_chunk_are_cancelled_and_tried_again(batch, monkeypatch):
    monkeypatch.setattr(batches, "CHUNK", 2)
    for _ in range(5):
        brought(batch)
    batches.cancel(batch, None)
    assert states(batch) == ["cancelled"] * 5
    assert len(batches.retry(batch, None)[0]) == 5
    assert set(Study.objects.values_list("ai_state", flat=True)) == {"pending"}


def test_what_the_manifest_sent_elsewhere_goes_with_it_where_the_actor_may(batch):
    mine, theirs = factories.site("mine"), factories.site("theirs")
    batch.uploaded_by.sites.add(mine)
    children = [factories.batch(site, by=batch.uploaded_by, parent=batch) for site in (mine, theirs)]
    studies = [brought(child) for child in children]
    batches.cancel(batch, batch.uploaded_by)
    assert [fresh(child).state for child in children] == ["cancelled", "open"]
    assert [fresh(study).ai_state for study in studies] == ["cancelled", "pending"]
    ids, _ = batches.retry(batch, batch.uploaded_by)
    assert (len(ids), [fresh(child).state for child in children]) == (1, ["open", "open"])


def at_once(*calls):
    """Run the calls in threads that begin together; gives what each returned or raised."""
    line = threading.Barrier(len(calls))

    def run(call):
        try:
            line.wait(10)
            return call()
        except lifecycle.Overtaken as overtaken:
            return overtaken
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


@pytest.mark.django_db(transaction=True)
def test_of_two_who_cancel_at_once_one_is_overtaken(batch):
    for _ in range(5):
        brought(batch)
    done = at_once(lambda: batches.cancel(batch, None), lambda: batches.cancel(fresh(batch), None))
    assert sorted(str(each) for each in done)[0] == "None"
    assert sum(isinstance(each, lifecycle.Overtaken) for each in done) == 1
    assert states(batch) == ["cancelled"] * 5


@pytest.mark.django_db(transaction=True)
def test_cancelling_beside_workers_withdrawals_and_retries_blocks_nobody(batch, monkeypatch):
    monkeypatch.setattr(batches, "CHUNK", 3)
    studies = [brought(batch) for _ in range(24)]
    technologist = batch.uploaded_by

    def work():
        for _ in range(6):
            rows = queue.claim(Screening.objects.select_related("image"), "worker", 4)
            queue.complete([queue.Result(row, 2.0, 0.9, "likely", "v", 1.0) for row in rows], "worker")

    def withdraw():
        for study in studies[::3]:
            handling.withdraw(study, technologist, "test")

    def retry():
        for study in studies[1::3]:
            handling.retry_study(study, technologist)

    at_once(lambda: batches.cancel(batch, None), work, withdraw, retry)
    batches.retry(fresh(batch), None)
    at_once(lambda: batches.cancel(fresh(batch), None), work, retry, sweeping.sweep)
    assert fresh(batch).state == "cancelled"
    assert not Screening.objects.filter(state="leased").exists()


@pytest.mark.django_db(transaction=True)
def test_two_who_try_again_at_once_put_each_film_into_the_queue_once(batch):
    for _ in range(5):
        factories.failed(brought(batch), code="model_failed")
    done = at_once(*[lambda: batches.retry(batch, None)[0]] * 2)
    assert states(batch) == ["pending"] * 5
    assert sorted(len(ids) for ids in done) == [0, 5]
