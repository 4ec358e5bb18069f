"""A dry run tells what would become of each file, stores nothing, and takes what it holds when it is confirmed."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.db.models.functions import Now

from screening import archive, batches, holding, intake, keeping, lifecycle, parts, sandbox
from screening.models import Batch, Event, Image, Job, Part, Receipt, Screening, Study
from screening.progress import progress
from tests import factories
from tests.intake import films
from workers import jobs

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_after_the_other(monkeypatch):
    """In threads of their own they would not see what this test has not committed."""
    monkeypatch.setattr(sandbox, "CHILDREN", 1)


@pytest.fixture
def trial(batch):
    batch.state = Batch.State.TRIAL
    batch.save()
    return batch


def told(receipt):
    return receipt.outcome, receipt.reason


def confirmed(batch):
    holding.confirm(batch, batch.uploaded_by)
    jobs.confirm()
    batch.refresh_from_db()
    return batch


def test_a_film_is_told_as_it_would_be_and_only_its_bytes_are_held(trial, stored):
    receipt = intake.receive(trial, "a.dcm", films.dicom())
    assert told(receipt) == ("accepted", "")
    assert (receipt.image, receipt.study) == (None, None)
    assert not Study.objects.exists()
    assert not Event.objects.filter(kind="upload").exists()
    assert stored() == 1


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (films.dicom(ViewPosition="LL"), ("accepted", "lateral")),
        (films.undecodable(), ("accepted", "undecodable")),
        (films.truncated_jpeg(), ("rejected", "truncated")),
        (b"no film", ("rejected", "unsupported_type")),
    ],
)
def test_each_kind_of_file_is_told_apart(trial, data, expected):
    assert told(intake.receive(trial, "a", data)) == expected


def test_what_is_here_already_is_told_and_not_held(batch, stored):
    intake.receive(batch, "a.dcm", films.dicom(sop_uid="1.2.3"))
    there = factories.batch(batch.site, state=Batch.State.TRIAL)
    before = stored()
    assert told(intake.receive(there, "again.dcm", films.dicom(sop_uid="1.2.3"))) == ("duplicate", "same_file")
    assert told(intake.receive(there, "other.dcm", films.dicom(5, sop_uid="1.2.3"))) == ("conflict", "uid_conflict")
    assert stored() == before


def test_the_same_file_twice_in_one_dry_run_counts_once(trial):
    receipts = [intake.receive(trial, name, films.jpeg()) for name in ("a.jpg", "b.jpg")]
    assert [told(receipt) for receipt in receipts] == [("accepted", ""), ("duplicate", "same_file")]


def test_confirmed_each_film_is_taken_into_its_own_receipt_and_nothing_is_held_any_more(trial, stored):
    held = intake.receive(trial, "a.jpg", films.jpeg())
    bad = intake.receive(trial, "b.jpg", b"no film")
    assert confirmed(trial).state == Batch.State.OPEN
    held.refresh_from_db()
    assert (told(held), held.held.name) == (("accepted", ""), "")
    assert held.image == Image.objects.get()
    assert Screening.objects.filter(image=held.image, state="pending").exists()
    assert list(Receipt.objects.order_by("name")) == [held, bad]
    assert stored() == 3


def test_a_film_that_came_by_another_way_meanwhile_is_a_duplicate_when_it_is_confirmed(trial):
    held = intake.receive(trial, "a.jpg", films.jpeg())
    intake.receive(factories.batch(trial.site), "b.jpg", films.jpeg())
    confirmed(trial)
    held.refresh_from_db()
    assert told(held) == ("duplicate", "same_file")


def test_a_confirmation_that_was_cut_off_goes_on_with_what_is_still_held(trial, monkeypatch):
    for seed in range(3):
        intake.receive(trial, f"{seed}.jpg", films.jpeg(seed))
    real, calls = intake.take_held, []

    def dies(receipt):
        calls.append(receipt)
        if len(calls) == 2:
            raise RuntimeError
        return real(receipt)

    monkeypatch.setattr(jobs.intake, "take_held", dies)
    job = holding.confirm(trial, None)
    with pytest.raises(RuntimeError):
        jobs.confirm()
    Job.objects.filter(pk=job.pk).update(state="pending")
    jobs.confirm()
    assert (Image.objects.count(), Receipt.objects.count()) == (3, 3)
    assert Job.objects.get().state == "done"


def test_bytes_that_are_gone_are_told(trial, media):
    held = intake.receive(trial, "a.jpg", films.jpeg())
    (media / held.held.name).unlink()
    confirmed(trial)
    held.refresh_from_db()
    assert told(held) == ("rejected", "held_missing")


def test_bytes_whose_disk_is_not_there_just_now_are_waited_for(trial, media):
    held = intake.receive(trial, "a.jpg", films.jpeg())
    (media / "held").rename(media / "unmounted")
    confirmed(trial)
    job = Job.objects.get()
    assert (job.state, job.error_code) == ("pending", "storage_away")
    (media / "unmounted").rename(media / "held")
    Job.objects.update(next_attempt_at=Now())
    jobs.confirm()
    held.refresh_from_db()
    assert told(held) == ("accepted", "")


def test_two_runs_that_take_the_same_held_film_give_it_one_answer(trial):
    intake.receive(trial, "a.jpg", films.jpeg())
    one, other = Receipt.objects.get(), Receipt.objects.get()
    holding.confirm(trial, None)
    for receipt in (one, other):
        receipt.batch.refresh_from_db()
        assert told(intake.take_held(receipt)) == ("accepted", "")
    assert told(Receipt.objects.get()) == ("accepted", "")


def test_confirmed_twice_it_is_one_job(trial):
    twice = [holding.confirm(Batch.objects.get(pk=trial.pk), None) for _ in range(2)]
    assert twice[0] == twice[1]
    jobs.confirm()
    assert holding.confirm(Batch.objects.get(pk=trial.pk), None) == twice[0]


@pytest.mark.django_db(transaction=True)
def test_confirmed_twice_at_once_it_is_one_job(trial):
    def confirm(batch):
        try:
            return holding.confirm(batch, None).pk
        finally:
            connections.close_all()

    read_before = [Batch.objects.get(pk=trial.pk) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(confirm, read_before))) == 1


def test_a_film_that_is_on_its_way_while_the_dry_run_is_confirmed_is_taken(trial, stored):
    before = Batch.objects.select_related("site").get(pk=trial.pk)
    holding.confirm(trial, None)
    late = intake.receive(before, "late.jpg", films.jpeg())
    assert (told(late), late.image is not None, late.held.name) == (("accepted", ""), True, "")
    assert stored() == 3


def test_a_film_that_is_on_its_way_while_the_dry_run_is_discarded_is_not_stored(trial, stored):
    before = Batch.objects.select_related("site").get(pk=trial.pk)
    holding.discard(trial)
    assert told(intake.receive(before, "late.jpg", films.jpeg())) == ("accepted", "")
    assert (stored(), Study.objects.count()) == (0, 0)


def test_what_its_row_says_of_a_film_for_another_site_holds_when_it_is_confirmed(trial):
    north = factories.site("north")
    trial.uploaded_by = factories.technologist(trial.site, north)
    trial.save()
    intake.receive(trial, "manifest.csv", b"file,site,priority,patient\na.jpg,north,stat,P7\n")
    intake.receive(trial, "a.jpg", films.jpeg())
    confirmed(trial)
    study = Study.objects.get()
    assert (study.site, study.priority, study.patient_id) == (north, 0, "P7")
    assert set(Batch.objects.values_list("state", flat=True)) == {Batch.State.OPEN}


def test_discarded_it_leaves_receipts_and_no_bytes(trial, stored):
    intake.receive(trial, "a.jpg", films.jpeg())
    holding.discard(trial)
    assert stored() == 0
    assert (trial.state, Receipt.objects.count(), Study.objects.count()) == ("discarded", 1, 0)


def test_what_was_discarded_cannot_be_confirmed_and_the_other_way_round(trial):
    holding.discard(trial)
    with pytest.raises(lifecycle.Overtaken):
        holding.confirm(trial, None)
    other = factories.batch(trial.site, state=Batch.State.TRIAL)
    holding.confirm(other, None)
    with pytest.raises(lifecycle.Overtaken):
        holding.discard(other)


def zipped(batch):
    packed = films.archive({"a.jpg": films.jpeg(1), "b.jpg": films.jpeg(2), "c": b"no"})
    return archive.spool(batch, "cd.zip", io.BytesIO(packed))


def test_an_archive_of_a_discarded_dry_run_is_not_unpacked(trial, stored):
    zipped(trial)
    holding.discard(trial)
    jobs.unpack()
    assert (stored(), Receipt.objects.count(), Job.objects.get().state) == (0, 0, "cancelled")


def test_a_dry_run_is_not_confirmed_while_an_archive_of_it_is_unpacked(trial):
    zipped(trial)
    with pytest.raises(holding.Unpacking):
        holding.confirm(trial, None)
    jobs.unpack()
    confirmed(trial)
    assert Image.objects.count() == 2


@pytest.mark.parametrize("error", [sandbox.CannotStart(), OSError(5, "Input/output error")])
def test_a_confirmation_waits_for_what_is_no_files_fault(trial, monkeypatch, error):
    def fails(receipt):
        raise error

    intake.receive(trial, "a.jpg", films.jpeg())
    with monkeypatch.context() as patch:
        patch.setattr(jobs.intake, "take_held", fails)
        confirmed(trial)
    assert (trial.state, Job.objects.get().state, Image.objects.count()) == ("confirming", "pending", 0)
    Job.objects.update(next_attempt_at=Now())
    assert (confirmed(trial).state, Image.objects.count()) == ("open", 1)


def test_a_confirmation_that_failed_says_so_and_is_tried_again(trial):
    intake.receive(trial, "a.jpg", films.jpeg())
    holding.confirm(trial, None)
    Job.objects.update(state="quarantined", error_code="worker_died", error_sentence="The worker died.", ended_at=Now())
    (failure,) = progress(trial).failures
    assert (failure.where, failure.code, failure.count, failure.can_retry) == ("confirmation", "worker_died", 1, True)
    batches.retry(trial, None)
    assert (confirmed(trial).state, Image.objects.count()) == ("open", 1)


def test_what_a_list_sent_anew_brings_home_is_stored_at_home(trial):
    there = factories.site("there")
    sender = factories.technologist(trial.site, there)
    mine = factories.batch(trial.site, by=sender, state=Batch.State.TRIAL)
    intake.receive(mine, "manifest.csv", b"file,site\na.jpg,there\n")
    held = intake.receive(mine, "a.jpg", films.jpeg())
    assert held.batch.site == there
    intake.receive(mine, "manifest.csv", b"file,patient\na.jpg,P7\n")
    confirmed(mine)
    held.refresh_from_db()
    assert (held.batch, held.study.site, held.study.patient_id) == (mine, mine.site, "P7")


def test_what_is_on_its_way_in_pieces_goes_with_a_discarded_dry_run(trial, stored):
    part = parts.begin(trial, "a.zip", 1000)
    parts.append(part, 0, io.BytesIO(b"PK\3\4"))
    holding.discard(trial)
    assert (stored(), Part.objects.count()) == (0, 0)


def test_the_films_of_an_archive_are_held_one_by_one(trial):
    zipped(trial)
    jobs.unpack()
    assert sorted(told(receipt) for receipt in Receipt.objects.all())[:2] == [("accepted", "")] * 2
    confirmed(trial)
    assert Image.objects.count() == 2


def test_a_dry_run_that_nobody_comes_back_to_is_discarded(trial, stored):
    intake.receive(trial, "a.jpg", films.jpeg())
    holding.expire()
    trial.refresh_from_db()
    assert trial.state == Batch.State.TRIAL
    Batch.objects.update(created_at="2020-01-01T00:00Z")
    Receipt.objects.update(created_at="2020-01-01T00:00Z")
    holding.expire()
    trial.refresh_from_db()
    assert (trial.state, stored()) == (Batch.State.DISCARDED, 0)


def test_what_a_cancelled_confirmation_has_not_taken_is_let_go_after_a_day(trial, stored):
    receipt = intake.receive(trial, "a.jpg", films.jpeg())
    holding.confirm(trial, None)
    batches.cancel(trial, None)
    holding.expire()
    assert stored() == 1
    Job.objects.update(ended_at="2020-01-01T00:00Z")
    holding.expire()
    receipt.refresh_from_db()
    assert (told(receipt), stored()) == (("rejected", "held_missing"), 0)


def test_a_confirmation_that_failed_for_good_is_tried_again(trial):
    intake.receive(trial, "a.jpg", films.jpeg())
    holding.confirm(trial, None)
    Job.objects.update(state="quarantined", error_code="worker_died")
    batches.retry(trial, None)
    jobs.confirm()
    trial.refresh_from_db()
    assert (trial.state, Image.objects.count()) == (Batch.State.OPEN, 1)


def test_a_full_disk_puts_a_confirmation_off_for_as_long_as_it_is_full(trial, monkeypatch):
    intake.receive(trial, "a.jpg", films.jpeg())
    job = holding.confirm(trial, None)
    with monkeypatch.context() as patch:
        patch.setattr(keeping, "_sync", lambda name: (_ for _ in ()).throw(OSError(28, "No space left")))
        for _ in range(7):
            Job.objects.update(next_attempt_at=Now())
            jobs.confirm()
    job.refresh_from_db()
    assert (job.state, job.error_code, Image.objects.count()) == ("pending", "storage_full", 0)
    Job.objects.update(next_attempt_at=Now())
    jobs.confirm()
    assert Image.objects.count() == 1
