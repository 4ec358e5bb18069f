"""A worker killed with -9 in the middle of an archive: every entry still gets exactly one receipt."""

import io

import pytest

from screening import archive
from screening.models import Image, Job, Receipt
from tests import factories
from tests.faults.conftest import QUICK, until
from tests.intake import films
from workers import dispatch

ENTRIES = 150
RECOVERED_S = 60


@pytest.mark.faults
def test_an_archive_whose_worker_is_killed_is_taken_to_its_end(installation):
    factories.active_model()
    batch = factories.batch(factories.site())
    packed = films.archive({f"{number}.jpg": films.jpeg(number) for number in range(ENTRIES)})
    job = archive.spool(batch, "cd.zip", io.BytesIO(packed))
    doomed = installation.start("sweeper", **QUICK)
    dispatch.ring_for_job(job)
    until(lambda: Receipt.objects.count() > 5, 60, "the worker in the middle of the archive")
    doomed.kill()
    assert Receipt.objects.count() < ENTRIES, "the archive was taken before the worker was killed"
    installation.start("sweeper", **QUICK)
    until(lambda: Job.objects.get().state == "done", RECOVERED_S, "the archive taken")
    assert sorted(Receipt.objects.values_list("entry", flat=True)) == list(range(1, ENTRIES + 1))
    assert set(Receipt.objects.values_list("outcome", flat=True)) == {"accepted"}
    assert Image.objects.count() == ENTRIES
