"""A file that comes again under its sender's key is the file that came before."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from screening import archive, intake
from screening.models import Image, Job, Receipt, Usage
from tests import factories
from tests.intake import films

pytestmark = pytest.mark.django_db


def test_the_same_file_under_the_same_key_gets_the_first_receipt(batch):
    first = intake.receive(batch, "a.jpg", films.jpeg(), key="k1")
    assert intake.receive(batch, "a.jpg", films.jpeg(), key="k1") == first
    assert Receipt.objects.count() == Image.objects.count() == 1


def test_a_rejected_file_under_the_same_key_gets_the_first_receipt(batch):
    first = intake.receive(batch, "a.jpg", b"no film", key="k1")
    assert intake.receive(batch, "a.jpg", b"no film", key="k1") == first


def test_another_file_under_a_key_is_refused_and_nothing_is_stored(batch):
    intake.receive(batch, "a.jpg", films.jpeg(1), key="k1")
    with pytest.raises(intake.KeyReused):
        intake.receive(batch, "a.jpg", films.jpeg(2), key="k1")
    assert Receipt.objects.count() == Image.objects.count() == 1


def test_a_key_is_the_batchs_own(batch):
    intake.receive(batch, "a.jpg", films.jpeg(1), key="k1")
    other = intake.receive(factories.batch(batch.site), "b.jpg", films.jpeg(2), key="k1")
    assert other.outcome == "accepted"


def test_an_archive_under_the_same_key_is_queued_once(batch):
    packed = films.archive({"a.jpg": films.jpeg()})
    first = archive.spool(batch, "cd.zip", io.BytesIO(packed), key="k1")
    assert archive.spool(batch, "cd.zip", io.BytesIO(packed), key="k1") == first
    with pytest.raises(intake.KeyReused):
        archive.spool(batch, "cd.zip", io.BytesIO(films.archive({"b.jpg": films.jpeg(2)})), key="k1")
    assert Job.objects.count() == 1


def at_once(send):
    """What four that send at the same moment got."""

    def closing(_):
        try:
            return send().pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        return set(threads.map(closing, range(4)))


@pytest.mark.django_db(transaction=True)
def test_the_same_key_twice_at_once_is_one_receipt(batch):
    assert len(at_once(lambda: intake.receive(batch, "a.jpg", films.jpeg(), key="k1"))) == 1
    assert Receipt.objects.count() == Image.objects.count() == Usage.objects.get().files == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_archive_under_one_key_at_once_is_one_job_and_one_file(batch, stored):
    packed = films.archive({"a.jpg": films.jpeg()})
    assert len(at_once(lambda: archive.spool(batch, "cd.zip", io.BytesIO(packed), key="k1"))) == 1
    assert Job.objects.count() == stored() == 1
