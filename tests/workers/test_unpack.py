"""The archive job: a receipt an entry, whatever interrupts it."""

import io

import pytest
from django.db.models.functions import Now

from screening import archive, keeping, queue, quotas, sandbox
from screening.models import Image, Job, Receipt, Screening, Site, Usage
from tests import factories
from tests.intake import films
from tests.intake.conftest import media, stored  # noqa: F401
from workers import engine, jobs

pytestmark = pytest.mark.django_db

ENTRIES = {
    "cd/DICOMDIR": b"table of contents",
    "cd/README.txt": b"open viewer.exe",
    "cd/": b"",
    "cd/1.jpg": films.jpeg(1),
    "cd/2.jpg": films.truncated_jpeg(),
    "cd/3.dcm": films.dicom(3),
    "cd/4.jpg": films.jpeg(1),
    "cd/inner.zip": films.archive({"x.jpg": films.jpeg(9)}),
}
OUTCOMES = {
    "cd.zip/cd/DICOMDIR": ("skipped", "companion"),
    "cd.zip/cd/README.txt": ("skipped", "companion"),
    "cd.zip/cd/": ("skipped", "directory"),
    "cd.zip/cd/1.jpg": ("accepted", ""),
    "cd.zip/cd/2.jpg": ("rejected", "truncated"),
    "cd.zip/cd/3.dcm": ("accepted", ""),
    "cd.zip/cd/4.jpg": ("duplicate", "same_file"),
    "cd.zip/cd/inner.zip": ("rejected", "nested_archive"),
}


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Threads would not see this test's transaction."""
    monkeypatch.setattr(sandbox, "CHILDREN", 1)


@pytest.fixture
def batch():
    factories.active_model()
    home = factories.site()
    return factories.batch(home, by=factories.technologist(home))


@pytest.fixture
def job(batch, media):  # noqa: F811
    return archive.spool(batch, "cd.zip", io.BytesIO(films.archive(ENTRIES)))


def receipts(job):
    return {receipt.name: (receipt.outcome, receipt.reason) for receipt in job.receipts.all()}


def test_every_entry_gets_its_receipt_and_the_archive_goes(job, stored, rung):  # noqa: F811
    jobs.unpack()
    job.refresh_from_db()
    assert receipts(job) == OUTCOMES
    assert (job.state, job.total, job.file.name) == ("done", len(ENTRIES), "")
    assert stored() == 2 * 3
    assert set(rung["films"]) == set(Screening.objects.values_list("pk", flat=True))


def test_a_slice_that_ends_early_is_given_back_and_the_next_one_goes_on(job, rung, monkeypatch, settings):
    settings.BATCH_SIZE = 3
    ticks = iter([0, 0, 0, 5, 20, 20])
    with monkeypatch.context() as patch:
        patch.setattr(jobs.time, "monotonic", lambda: next(ticks, 20))
        jobs.unpack()
    job.refresh_from_db()
    assert (job.state, job.attempts, rung["jobs"]) == ("pending", 0, [job])
    assert 0 < job.receipts.count() < len(ENTRIES)
    jobs.unpack()
    assert receipts(job) == OUTCOMES


def test_a_stopping_worker_gives_the_archive_back(job, rung, monkeypatch):
    asked = iter([False, True])
    monkeypatch.setattr(engine, "stopping", lambda: next(asked, True))
    jobs.unpack()
    job.refresh_from_db()
    assert (job.state, job.attempts, job.receipts.count()) == ("pending", 0, 0)


def test_an_archive_taken_twice_gives_no_entry_a_second_receipt(job, rung):
    held = queue.claim(Job.objects.filter(pk=job.pk), "somebody who dies", 1)[0]
    with held.file.open("rb") as file:
        opened = archive.Archive(file)
        for entry in opened.entries[:5]:
            archive.take_entry(opened, entry, held.batch, held.name, job=held)
    Job.objects.filter(pk=job.pk).update(state="pending", next_attempt_at=Now())
    jobs.unpack()
    assert receipts(job) == OUTCOMES
    assert Receipt.objects.count() == len(ENTRIES)
    assert Image.objects.count() == 2


def test_the_same_archive_twice_gives_one_set_of_images(batch, job, rung):
    archive.spool(batch, "again.zip", io.BytesIO(films.archive(ENTRIES)))
    jobs.unpack()
    assert Image.objects.count() == 2
    second = Receipt.objects.filter(name__startswith="again.zip", outcome="duplicate")
    assert second.count() == 3


def test_a_bad_archive_is_one_rejected_receipt_and_a_done_job(batch, rung, media):  # noqa: F811
    job = archive.spool(batch, "cut.zip", io.BytesIO(films.archive(ENTRIES)[:-40]))
    jobs.unpack()
    job.refresh_from_db()
    assert job.state == "done"
    assert receipts(job) == {"cut.zip": ("rejected", "bad_archive")}


def test_a_full_disk_puts_the_archive_off_and_loses_no_entry(job, rung, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(keeping, "_sync", lambda name: (_ for _ in ()).throw(OSError(28, "No space left")))
        jobs.unpack()
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("pending", "storage_full")
    Job.objects.update(next_attempt_at=Now())
    jobs.unpack()
    assert receipts(job) == OUTCOMES


def test_an_archive_that_is_gone_fails_with_a_sentence(job, rung):
    keeping.drop(job.file.name)
    jobs.unpack()
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("failed", "archive_missing")


def test_an_archive_on_a_disk_that_is_not_mounted_is_waited_for(job, rung, media):  # noqa: F811
    gone = media.rename(media.with_name("elsewhere"))
    media.mkdir()
    jobs.unpack()
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("pending", "storage_away")
    media.rmdir()
    gone.rename(media)
    Job.objects.update(next_attempt_at=Now())
    jobs.unpack()
    assert receipts(job) == OUTCOMES


def test_another_file_that_is_not_found_is_not_the_archive(job, rung, monkeypatch):
    def gone(*_, **__):
        raise FileNotFoundError

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "take_entry", gone)
        jobs.unpack()
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("pending", "storage_away")


def test_a_slice_that_got_further_forgets_the_cut_offs_before_it(job, rung, monkeypatch):
    Job.objects.update(crashes=2, alone=True)
    asked = iter([False, False, True])
    monkeypatch.setattr(engine, "stopping", lambda: next(asked, True))
    jobs.unpack()
    job.refresh_from_db()
    assert (job.state, job.receipts.count(), job.crashes, job.alone) == ("pending", 1, 0, False)


def test_a_slice_that_took_nothing_forgets_none(job, rung, monkeypatch):
    Job.objects.update(crashes=2, alone=True)
    asked = iter([False, True])
    monkeypatch.setattr(engine, "stopping", lambda: next(asked, True))
    jobs.unpack()
    job.refresh_from_db()
    assert (job.receipts.count(), job.crashes, job.alone) == (0, 2, True)


def test_archives_that_are_left_when_a_slice_is_over_are_rung_for(batch, job, rung, monkeypatch):
    archive.spool(batch, "next.zip", io.BytesIO(films.archive({"s.jpg": films.jpeg(7)})))
    monkeypatch.setattr(jobs, "_unpack", lambda job, ends: queue.finish(job))
    ticks = iter([0, 0])
    monkeypatch.setattr(jobs.time, "monotonic", lambda: next(ticks, 20))
    jobs.unpack()
    assert rung["jobs"] == [Job.objects.get(state="pending")]


def test_the_most_urgent_archive_goes_first(batch, job, rung, monkeypatch):
    batch.priority = 0
    urgent = archive.spool(batch, "stat.zip", io.BytesIO(films.archive({"s.jpg": films.jpeg(7)})))
    taken = []
    monkeypatch.setattr(jobs, "_unpack", lambda job, ends: taken.append(job.pk))
    jobs.unpack()
    assert taken == [urgent.pk, job.pk]


def test_an_archive_that_is_more_than_a_day_may_hold_waits_and_goes_on(job, rung, settings):
    settings.BATCH_SIZE = 2
    Site.objects.update(daily_files=2)
    jobs.unpack()
    job.refresh_from_db()
    assert (job.state, job.error_code, job.receipts.count()) == ("pending", "quota_exceeded", 2)
    assert "may send 2 files in a day" in job.error_sentence
    Usage.objects.update(day="2020-01-01")
    Site.objects.update(daily_files=100)
    Job.objects.update(next_attempt_at=Now())
    jobs.unpack()
    assert receipts(job) == OUTCOMES


def test_a_page_of_more_bytes_than_a_day_may_hold_goes_on_day_by_day(job, rung, monkeypatch):
    monkeypatch.setattr(quotas, "GIGABYTE", max(map(len, ENTRIES.values())))
    Site.objects.update(daily_gigabytes=1)
    for _ in ENTRIES:
        Usage.objects.all().delete()
        Job.objects.filter(state="pending").update(next_attempt_at=Now())
        jobs.unpack()
    assert receipts(job) == OUTCOMES


def test_bytes_over_a_days_limit_are_still_waited_for(job, rung, monkeypatch):
    monkeypatch.setattr(quotas, "GIGABYTE", 1)
    Site.objects.update(daily_gigabytes=1)
    jobs.unpack()
    job.refresh_from_db()
    assert (job.state, job.error_code, job.receipts.count()) == ("pending", "quota_exceeded", 0)


def test_a_decoder_that_does_not_start_puts_the_archive_off(job, rung, monkeypatch):
    def fails(*_, **__):
        raise sandbox.CannotStart

    with monkeypatch.context() as patch:
        patch.setattr(sandbox, "decode", fails)
        jobs.unpack()
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("pending", "no_decoder")
    Job.objects.update(next_attempt_at=Now())
    jobs.unpack()
    assert receipts(job) == OUTCOMES


@pytest.fixture
def listed(batch, media):  # noqa: F811
    """An archive whose two manifests lie behind its films."""
    entries = {"a/1.jpg": films.jpeg(1), "b/1.jpg": films.jpeg(2)}
    entries |= {f"{each}/manifest.csv": f"file,patient\n1.jpg,{each}\n".encode() for each in "ab"}
    return archive.spool(batch, "cd.zip", io.BytesIO(films.archive(entries)))


def patients():
    return dict(Receipt.objects.exclude(study=None).values_list("name", "study__patient_id"))


def test_manifests_are_read_in_slices_too_and_before_the_films(listed, rung, monkeypatch):
    asked = iter([False, False, True])
    with monkeypatch.context() as patch:
        patch.setattr(engine, "stopping", lambda: next(asked, True))
        jobs.unpack()
    listed.refresh_from_db()
    assert (listed.state, list(listed.receipts.values_list("entry", flat=True))) == ("pending", [3])
    jobs.unpack()
    assert patients() == {"cd.zip/a/1.jpg": "a", "cd.zip/b/1.jpg": "b"}
    assert sorted(listed.receipts.values_list("entry", flat=True)) == [1, 2, 3, 4]


def test_a_job_that_is_lost_at_its_manifest_takes_no_film(listed, rung, monkeypatch):
    receive = archive.intake.receive

    def and_lose(*arguments, **more):
        Job.objects.update(state="cancelled")
        return receive(*arguments, **more)

    monkeypatch.setattr(archive.intake, "receive", and_lose)
    jobs.unpack()
    assert (listed.receipts.count(), Image.objects.count()) == (1, 0)
