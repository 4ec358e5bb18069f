"""What nobody comes back for does not stay on the disk."""

import io
import os
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from screening import archive, intake, keeping, parts, spool
from screening.models import Batch, Heartbeat, Job, ManifestRow, Part, Receipt
from tests import factories
from tests.intake import films
from workers import jobs, tasks

pytestmark = pytest.mark.django_db
LONG_AGO = "2020-01-01T00:00Z"


@pytest.fixture
def old(media):
    """A function: every file in storage is older than any that a row may still come for."""

    def old():
        then = time.time() - 2 * spool.ORPHAN.total_seconds()
        for path in media.rglob("*"):
            os.utime(path, (then, then))

    return old


def part(batch):
    begun = parts.begin(batch, "a.dcm", 100)
    parts.append(begun, 0, io.BytesIO(bytes(10)))
    return begun


def test_a_part_that_was_not_touched_for_a_day_goes_with_its_pieces(batch, stored):
    part(batch)
    spool.expire()
    assert stored() == 1
    Part.objects.update(touched_at=LONG_AGO)
    spool.expire()
    assert (stored(), Part.objects.count()) == (0, 0)


@pytest.mark.parametrize("folder", ["held", "archives", "parts"])
def test_a_file_without_a_row_goes_once_it_is_old(folder, stored, old):
    keeping.keep(keeping.name(folder), io.BytesIO(b"of a request that was killed"))
    assert (spool.expire(), stored()) == (0, 1)
    old()
    assert (spool.expire(), stored()) == (1, 0)


def test_old_files_that_a_row_speaks_of_stay(batch, stored, old):
    trial = factories.batch(batch.site, state=Batch.State.TRIAL)
    intake.receive(trial, "a.jpg", films.jpeg(1))
    archive.spool(batch, "cd.zip", io.BytesIO(films.archive({"b.jpg": films.jpeg(2)})))
    part(batch)
    old()
    assert (spool.expire(), stored()) == (0, 3)


def test_originals_and_renditions_are_none_of_its_business(batch, stored, old):
    intake.receive(batch, "a.jpg", films.jpeg())
    old()
    spool.expire()
    assert stored() == 3


def test_an_archive_that_was_cancelled_may_be_tried_again_for_a_day(batch, stored):
    job = archive.spool(batch, "cd.zip", io.BytesIO(films.archive({"a.jpg": films.jpeg()})))
    Job.objects.update(state="cancelled", ended_at=LONG_AGO)
    spool.expire()
    assert stored() == 0
    Job.objects.update(state="pending")
    jobs.unpack()
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("failed", "archive_missing")


@pytest.mark.parametrize("state", ["failed", "quarantined"])
def test_an_archive_that_failed_may_be_tried_again_for_a_week(batch, stored, state):
    archive.spool(batch, "cd.zip", io.BytesIO(films.archive({"a.jpg": films.jpeg()})))
    for days, left in ((6, 1), (8, 0)):
        Job.objects.update(state=state, ended_at=timezone.now() - timedelta(days=days))
        spool.expire()
        assert stored() == left


def test_an_archive_whose_worker_died_before_it_let_go_of_it_goes(batch, stored):
    job = archive.spool(batch, "cd.zip", io.BytesIO(films.archive({"a.jpg": films.jpeg()})))
    Job.objects.update(state="done", ended_at=timezone.now())
    spool.expire()
    job.refresh_from_db()
    assert (stored(), job.file.name) == (0, "")


def test_a_list_that_names_patients_goes_after_a_day_where_films_are_de_identified(batch):
    secret = factories.batch(factories.site(deidentify=True))
    for each in (batch, secret):
        intake.receive(each, "manifest.csv", b"file,patient\na.jpg,P7\n")
    spool.expire()
    assert ManifestRow.objects.count() == 2
    for model in (Batch, Receipt):
        model.objects.update(created_at=LONG_AGO)
    spool.expire()
    assert ManifestRow.objects.get().batch == batch


def test_the_sweep_looks_for_them_once_an_hour(db, monkeypatch):
    calls = []
    monkeypatch.setattr(tasks.spool, "expire", lambda: calls.append(1))
    tasks._sweep()
    tasks._sweep()
    assert len(calls) == 1
    Heartbeat.objects.filter(name="spool").update(seen_at=LONG_AGO)
    tasks._sweep()
    assert len(calls) == 2
