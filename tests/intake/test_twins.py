"""Films that arrive at the same moment, in threads with connections of their own."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from screening import intake, sandbox
from screening.models import Image, Study
from tests.intake import films

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def all_at_once(monkeypatch):
    """Hold every thread where its file is decoded until all are there: each has seen an empty site by then."""
    real = sandbox.decode

    def run(*takes):
        line = threading.Barrier(len(takes))

        def run_one(take):
            try:
                return take()
            finally:
                connections.close_all()

        def decode(*args, **named):
            decoded = real(*args, **named)
            line.wait(20)
            return decoded

        monkeypatch.setattr(sandbox, "decode", decode)
        with ThreadPoolExecutor(len(takes)) as threads:
            return sorted((r.outcome, r.reason) for r in threads.map(run_one, takes))

    return run


def test_the_same_file_twice_at_once_is_one_accepted_and_one_duplicate(batch, all_at_once, stored):
    def take():
        return intake.receive(batch, "a.jpg", films.jpeg())

    assert all_at_once(take, take) == [("accepted", ""), ("duplicate", "same_file")]
    assert Image.objects.count() == 1
    assert stored() == 3


def test_two_films_of_one_uid_at_once_are_one_accepted_and_one_conflict(batch, all_at_once, stored):
    outcomes = all_at_once(
        lambda: intake.receive(batch, "a.dcm", films.dicom(1, sop_uid="1.2.3")),
        lambda: intake.receive(batch, "b.dcm", films.dicom(2, sop_uid="1.2.3")),
    )
    assert outcomes == [("accepted", ""), ("conflict", "uid_conflict")]
    assert stored() == 3


def test_two_films_that_open_one_study_at_once_both_join_it(batch, all_at_once):
    outcomes = all_at_once(
        lambda: intake.receive(batch, "a.dcm", films.dicom(1, study_uid="1.2.9")),
        lambda: intake.receive(batch, "b.dcm", films.dicom(2, study_uid="1.2.9")),
    )
    assert outcomes == [("accepted", ""), ("accepted", "")]
    assert Study.objects.get().images.count() == 2
