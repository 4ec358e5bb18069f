"""The batch page: counts, groups of what went wrong, pages of files; cancelled, tried again, confirmed, discarded."""

import io
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Q
from django.utils import timezone

from screening import archive, intake, parts
from screening.models import Batch, Image, Job, Part, Receipt, Screening
from tests.intake import films
from tests.intake.conftest import media  # noqa: F401


@pytest.fixture(autouse=True)
def alone(media, model, rung):  # noqa: F811
    """Storage of its own, a model, and no broker."""


@pytest.fixture
def client(as_person, sender):
    return as_person(sender)


@pytest.fixture
def batch(factories, home, sender):
    return factories.batch(home, by=sender)


@pytest.fixture
def trial(client, home):
    files = [SimpleUploadedFile(name, data) for name, data in (("a.jpg", films.jpeg(1)), ("b.jpg", films.jpeg(2)))]
    client.post("/upload/", {"site": home.code, "priority": "2", "dry_run": "yes", "file": files})
    return Batch.objects.get()


def text(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def page_of(client, batch, **asked):
    return client.get(f"/batches/{batch.pk}/", asked)


def receive(batch, *numbers):
    return [intake.receive(batch, f"{number}.jpg", films.jpeg(number)) for number in numbers]


def all_failed(batch, code="out_of_memory"):
    screenings = Screening.objects.filter(image__receipts__batch=batch)
    screenings.update(state="failed", error_code=code, error_sentence="The worker ran out of memory.")
    return screenings.count()


def test_a_batch_of_another_site_is_not_there(client, factories, away):
    batch = factories.batch(away)
    assert page_of(client, batch).status_code == 404
    for act in ("confirm", "discard", "cancel", "retry"):
        assert client.post(f"/batches/{batch.pk}/{act}").status_code == 404


def polls(client, batch):
    """How often the page of a batch asks again, or []."""
    return re.findall(r'hx-trigger="every (\d+)s"', page_of(client, batch).content.decode())


def long_ago(batch):
    """As if nothing had come for a while."""
    before = timezone.now() - timedelta(minutes=6)
    Batch.objects.filter(Q(pk=batch.pk) | Q(parent=batch.pk)).update(created_at=before)
    Receipt.objects.update(created_at=before)
    Part.objects.update(touched_at=before)


def test_a_batch_is_polled_until_it_is_settled(client, batch, factories):
    receive(batch, 1)
    long_ago(batch)
    assert polls(client, batch) == ["2"]
    factories.screened(batch.studies.get(), 0.9)
    fragment = client.get(f"/batches/{batch.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert "hx-trigger" not in fragment
    assert "<html" not in fragment
    assert "Likely" in fragment


def test_a_batch_whose_sender_may_still_be_at_it_is_polled_seldom(client, batch, factories, away):
    assert polls(client, batch) == ["10"]
    receive(batch, 1)
    factories.screened(batch.studies.get(), 0.9)
    assert polls(client, batch) == ["10"]
    long_ago(batch)
    assert polls(client, batch) == []
    elsewhere = Batch.objects.create(site=away, uploaded_by=batch.uploaded_by, source="page", parent=batch)
    long_ago(batch)
    Receipt.objects.create(batch=elsewhere, name="b.jpg", outcome="duplicate", reason="same_file")
    assert polls(client, batch) == ["10"]
    long_ago(batch)
    parts.begin(batch, "cd.zip", 1000)
    assert polls(client, batch) == ["10"]


def test_a_cancelled_batch_is_not_polled(client, batch):
    client.post(f"/batches/{batch.pk}/cancel")
    assert polls(client, batch) == []


def test_every_link_that_a_poll_replaces_has_an_id_so_that_it_keeps_the_focus(client, batch, factories, sender, away):
    sender.sites.add(away)
    Batch.objects.create(site=away, uploaded_by=sender, source="page", parent=batch)
    receive(batch, *range(1, 4))
    for number in range(160):
        intake.refuse(batch, f"{number}.jpg", "encrypted")
    found = client.get(f"/batches/{batch.pk}/?page=2&outcome=rejected", headers={"HX-Request": "true"}).content.decode()
    links = re.findall(r"<a [^>]*>", found)
    assert len(links) > 5
    assert [link for link in links if " id=" not in link] == []
    ids = re.findall(r' id="([^"]+)"', found)
    assert len(ids) == len(set(ids))


def test_a_dry_run_whose_archive_is_still_unpacked_cannot_be_taken_yet(client, trial):
    job = archive.spool(trial, "cd.zip", io.BytesIO(films.archive({"c.jpg": films.jpeg(3)})))
    found = page_of(client, trial)
    assert "1 archive is still being unpacked; the count grows." in text(found)
    assert 'id="confirm"' not in found.content.decode()
    assert 'id="discard"' in found.content.decode()
    assert polls(client, trial) == ["2"]
    Job.objects.filter(pk=job.pk).update(state="done")
    assert 'id="confirm"' in page_of(client, trial).content.decode()


def test_a_confirmation_that_failed_is_no_more_being_taken_and_is_tried_again(client, trial, rung):
    client.post(f"/batches/{trial.pk}/confirm")
    failed = {"state": "failed", "error_code": "storage_full", "error_sentence": "The storage was full."}
    Job.objects.filter(kind="confirm").update(**failed)
    page = text(page_of(client, trial))
    assert "2 not taken yet: The storage was full." in page
    assert "Retry these 2" in page
    assert "Being taken" not in page
    assert polls(client, trial) == ["10"]


def test_the_receipts_are_paged_and_narrowed_by_outcome_and_reason(client, batch):
    for number in range(60):
        intake.refuse(batch, f"{number}.jpg", "too_large" if number else "encrypted")
    assert "1 to 50 of 60" in text(page_of(client, batch))
    assert "51 to 60 of 60" in text(page_of(client, batch, page=2))
    assert "51 to 59 of 59" in text(page_of(client, batch, page=9, reason="too_large"))
    only = text(page_of(client, batch, reason="encrypted"))
    assert " 0.jpg" in only
    assert " 1.jpg" not in only


def test_failures_stand_in_groups_and_those_that_can_succeed_have_a_button(client, batch):
    receive(batch, 1, 2, 3)
    intake.refuse(batch, "d.jpg", "encrypted")
    all_failed(batch)
    page = text(page_of(client, batch))
    assert "3 not screened: The worker ran out of memory." in page
    assert "Retry these 3" in page
    assert "Retry all 3 that can succeed" in page
    assert "1 not taken: The file in the archive is encrypted" in page


def test_one_group_is_tried_again(client, batch, rung):
    receive(batch, 1, 2)
    all_failed(batch)
    answer = client.post(f"/batches/{batch.pk}/retry", {"code": "out_of_memory"}, follow=True)
    assert "Put back in the queue" in text(answer)
    assert len(rung["films"]) == 2
    assert not Screening.objects.exclude(state="pending").exists()


def test_nothing_left_to_retry_is_said(client, batch):
    receive(batch, 1)
    assert "nothing of it was left to try" in text(client.post(f"/batches/{batch.pk}/retry", follow=True))


def test_a_cancelled_batch_keeps_its_studies_and_is_taken_up_again(client, batch, rung):
    receive(batch, 1)
    page = text(client.post(f"/batches/{batch.pk}/cancel", follow=True))
    assert "Cancelled: its studies stay on the worklist" in page
    assert Screening.objects.get().state == "cancelled"
    client.post(f"/batches/{batch.pk}/retry")
    assert Screening.objects.get().state == "pending"
    assert rung["films"] == [Screening.objects.get().pk]


def test_a_batch_is_cancelled_once(client, batch):
    client.post(f"/batches/{batch.pk}/cancel")
    assert client.post(f"/batches/{batch.pk}/cancel").status_code == 403


def test_a_radiologist_who_did_not_send_it_neither_cancels_nor_retries(as_person, reader, batch):
    client = as_person(reader)
    assert "Cancel this batch" not in text(page_of(client, batch))
    for act in ("cancel", "retry", "confirm", "discard"):
        assert client.post(f"/batches/{batch.pk}/{act}").status_code == 403


def test_a_dry_run_says_in_one_sentence_what_would_become_of_it(client, trial):
    page = text(page_of(client, trial))
    assert "Of 2 files: 2 new." in page
    assert "Take the 2 new ones" in page
    assert "would be taken" in page
    assert not Image.objects.exists()


def test_the_upload_page_gets_the_same_answer_as_a_fragment(client, trial):
    fragment = client.get(f"/batches/{trial.pk}/trial")
    assert "Of 2 files: 2 new." in text(fragment)
    assert "<html" not in fragment.content.decode()


def test_a_batch_that_is_no_dry_run_has_no_such_answer(client, batch):
    assert client.get(f"/batches/{batch.pk}/trial").status_code == 204


def test_confirming_rings_for_one_job_and_shows_what_is_to_go(client, trial, rung):
    page = text(client.post(f"/batches/{trial.pk}/confirm", follow=True))
    assert [job.kind for job in rung["jobs"]] == ["confirm"]
    assert "Being taken: 2 files to go" in page
    assert client.post(f"/batches/{trial.pk}/confirm").status_code == 403


def test_discarding_stores_nothing_and_keeps_the_list(client, trial):
    page = text(client.post(f"/batches/{trial.pk}/discard", follow=True))
    assert "Nothing of this dry run was stored" in page
    assert "a.jpg" in page
    assert not Image.objects.exists()


def test_somebody_elses_dry_run_has_no_buttons(as_person, factories, home, trial):
    other = as_person(factories.technologist(home))
    assert "Whoever sent it decides" in text(page_of(other, trial))
    assert other.post(f"/batches/{trial.pk}/confirm").status_code == 403


def test_films_that_went_to_another_site_are_pointed_at(client, factories, sender, away, batch):
    sender.sites.add(away)
    Batch.objects.create(site=away, uploaded_by=sender, source="page", parent=batch)
    assert f"0 files went to {away}" in re.sub(r" +", " ", text(page_of(client, batch)))


def test_the_page_links_the_receipts_as_a_table(client, batch):
    assert f"/api/v1/batches/{batch.pk}/receipts.csv" in page_of(client, batch).content.decode()


def test_the_page_needs_no_inline_code_or_style(client, trial):
    found = page_of(client, trial).content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=|<style", found)


def test_a_dry_run_counts_what_went_to_other_sites_for_those_alone_who_belong_there(
    as_person, client, factories, home, away, sender, trial
):
    child = Batch.objects.create(site=away, uploaded_by=sender, source="page", parent=trial, state="trial")
    Receipt.objects.create(batch=child, name="c.jpg", outcome="duplicate", reason="same_file")
    assert "already here" not in text(page_of(as_person(factories.technologist(home)), trial))
    sender.sites.add(away)
    assert "1 already here" in text(page_of(client, trial))
