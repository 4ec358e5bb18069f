"""A batch as a whole: its manifest, its dry run, cancelled and tried again, and told as a table."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from screening.models import Batch, Image, Job, Receipt, Screening
from tests.intake import films
from tests.intake.conftest import media  # noqa: F401
from webportal.api.batch_shapes import FailureShape

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def alone(media, model, rung):  # noqa: F811
    """Storage of its own, a model, and no broker."""


@pytest.fixture
def batch(factories, home, sender):
    return factories.batch(home, by=sender)


@pytest.fixture
def trial(as_sender, home):
    return Batch.objects.get(pk=as_sender.post("/api/v1/batches", {"dry_run": True}).json()["id"])


@pytest.fixture
def send(as_sender):
    def send(batch, data, name="a.jpg", **head):
        form = {"file": SimpleUploadedFile(name, data)}
        return as_sender.post(f"/api/v1/batches/{batch.pk}/files", form, format="multipart", headers=head)

    return send


@pytest.fixture
def act(as_sender):
    """A function: POST batches/ID/<act>."""
    return lambda batch, name, sent=None: as_sender.post(f"/api/v1/batches/{batch.pk}/{name}", sent or {})


def test_a_batch_says_its_state_and_the_ages_of_its_films(as_sender, home):
    made = as_sender.post("/api/v1/batches", {"age_group": "1_to_5"}).json()
    assert (made["state"], made["dry_run"], made["age_group"]) == ("open", False, "1_to_5")
    assert (made["progress"]["failures"], made["progress"]["eta_s"]) == ([], 0.0)


def test_an_age_group_that_is_none_is_400(as_sender, home):
    answer = as_sender.post("/api/v1/batches", {"age_group": "old"})
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["age_group"])


def test_a_dry_run_stores_nothing_and_confirming_sends_nothing_again(trial, send, act, rung):
    assert send(trial, films.jpeg()).json()["receipt"]["outcome"] == "accepted"
    assert not Image.objects.exists()
    answer = act(trial, "confirm")
    assert (answer.status_code, answer.json()["state"], answer.json()["dry_run"]) == (200, "confirming", False)
    assert [job.kind for job in rung["jobs"]] == [Job.Kind.CONFIRM]


def test_a_dry_run_that_is_discarded_stores_nothing_and_takes_no_more(trial, send, act):
    send(trial, films.jpeg())
    assert act(trial, "discard").json()["state"] == "discarded"
    answer = send(trial, films.jpeg(2))
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "batch_closed")
    assert (Receipt.objects.count(), Image.objects.count()) == (1, 0)


@pytest.mark.parametrize("name", ["confirm", "discard"])
def test_what_is_no_dry_run_is_neither_confirmed_nor_discarded(batch, act, name):
    assert act(batch, name).status_code == 409


@pytest.mark.parametrize("name", ["confirm", "discard", "manifest", "known"])
def test_only_its_sender_settles_a_batch(batch, by_token, factories, home, away, name):
    path = f"/api/v1/batches/{batch.pk}/{name}"
    assert by_token(factories.technologist(home)).post(path, {}).status_code in (403, 415)
    assert by_token(factories.technologist(away)).post(path, {}).status_code in (404, 415)


def test_a_cancelled_batch_takes_no_files_until_it_is_tried_again(batch, send, act, rung):
    send(batch, films.jpeg())
    assert act(batch, "cancel").json()["state"] == "cancelled"
    assert Screening.objects.get().state == "cancelled"
    answer = send(batch, films.jpeg(2))
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "batch_cancelled")
    rung["films"].clear()
    assert act(batch, "retry").json()["state"] == "open"
    assert rung["films"] == [Screening.objects.get().pk]
    assert send(batch, films.jpeg(2)).status_code == 201


def test_the_receipt_of_a_file_is_had_again_after_the_batch_was_cancelled(batch, send, act):
    first = send(batch, films.jpeg(), **{"Idempotency-Key": "k1"}).json()["receipt"]["id"]
    act(batch, "cancel")
    assert send(batch, films.jpeg(), **{"Idempotency-Key": "k1"}).json()["receipt"]["id"] == first


def test_a_technologist_of_the_site_cancels_and_a_radiologist_does_not(batch, by_token, factories, home, away):
    path = f"/api/v1/batches/{batch.pk}/cancel"
    assert by_token(factories.radiologist(home)).post(path).status_code == 403
    assert by_token(factories.technologist(away)).post(path).status_code == 404
    assert by_token(factories.technologist(home)).post(path).status_code == 200


def test_failures_are_told_in_groups_and_tried_again_by_their_code(batch, send, act, factories, rung):
    send(batch, films.jpeg())
    factories.failed(Image.objects.get().study)
    found = act(batch, "retry", {"code": "no_such_code"}).json()["progress"]["failures"]
    assert [(each["where"], each["code"], each["count"]) for each in found] == [
        ("screening", "rendition_unreadable", 1)
    ]
    assert found[0]["sentence"]
    rung["films"].clear()
    act(batch, "retry", {"code": "rendition_unreadable"})
    assert rung["films"] == [Screening.objects.get().pk]


MANIFEST = b"file,priority,patient\na.jpg,stat,P1\nb.jpg,now,P2\n"


@pytest.mark.parametrize("form", [False, True])
def test_a_manifest_tells_its_bad_rows_and_the_good_ones_count(batch, as_sender, send, form):
    sent = {"data": MANIFEST, "content_type": "text/csv"}
    if form:
        sent = {"data": {"file": SimpleUploadedFile("manifest.csv", MANIFEST)}, "format": "multipart"}
    answer = as_sender.post(f"/api/v1/batches/{batch.pk}/manifest", **sent)
    assert (answer.status_code, answer.json()["rows"]) == (200, 1)
    assert [(each["row"], each["column"]) for each in answer.json()["errors"]] == [(3, "priority")]
    assert send(batch, films.jpeg(1)).status_code == 201
    assert Image.objects.get().study.patient_id == "P1"
    answer = send(batch, films.jpeg(2), "b.jpg")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "manifest_row")


def test_a_manifest_that_cannot_be_read_is_400(batch, as_sender):
    for data in (b"", b"\0\1\2", b"patient\nP1\n"):
        answer = as_sender.post(f"/api/v1/batches/{batch.pk}/manifest", data, content_type="text/csv")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "manifest_unreadable")


@pytest.mark.row(90)
def test_the_receipts_come_as_a_table_that_a_spreadsheet_may_open(batch, send, as_sender):
    names = ["=cmd().jpg", '+"a",b.jpg', "@x.jpg", "💀.jpg", "-1.jpg"]
    for number, name in enumerate(names):
        send(batch, films.jpeg(number), name)
    answer = as_sender.get(f"/api/v1/batches/{batch.pk}/receipts.csv")
    assert answer.streaming and answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment")
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert len(rows) == len(names)
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_a_quota_that_is_used_up_is_429_with_when_to_come_again(batch, send, home):
    home.daily_files = 1
    home.save()
    assert send(batch, films.jpeg(1)).status_code == 201
    answer = send(batch, films.jpeg(2))
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "quota_exceeded")
    assert int(answer["Retry-After"]) > 0


def test_two_lists_of_two_folders_stand_side_by_side(batch, as_sender, send):
    for ward in ("ward1", "ward2"):
        form = {"file": SimpleUploadedFile("manifest.csv", f"file,patient\n001.jpg,{ward}\n".encode())}
        form["name"] = f"{ward}/manifest.csv"
        as_sender.post(f"/api/v1/batches/{batch.pk}/manifest", form, format="multipart")
    for number, ward in enumerate(("ward1", "ward2")):
        form = {"file": SimpleUploadedFile("001.jpg", films.jpeg(number)), "name": f"{ward}/001.jpg"}
        as_sender.post(f"/api/v1/batches/{batch.pk}/files", form, format="multipart")
    found = Receipt.objects.filter(outcome="accepted").order_by("name")
    assert [(each.name, each.study.patient_id) for each in found] == [
        ("ward1/001.jpg", "ward1"),
        ("ward2/001.jpg", "ward2"),
    ]


def test_a_dry_run_is_not_confirmed_while_its_archive_is_unpacked(trial, act):
    Job.objects.create(kind=Job.Kind.ARCHIVE, batch=trial, name="cd.zip", file="archives/none")
    answer = act(trial, "confirm")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "still_unpacking")
    trial.refresh_from_db()
    assert trial.state == "trial"


def test_a_confirmation_that_failed_is_a_failure_that_the_description_knows(trial, send, act, as_sender):
    send(trial, films.jpeg())
    act(trial, "confirm")
    Job.objects.update(state="quarantined", error_code="worker_died", error_sentence="The worker died.")
    (failure,) = as_sender.get(f"/api/v1/batches/{trial.pk}").json()["progress"]["failures"]
    assert (failure["where"], failure["code"], failure["can_retry"]) == ("confirmation", "worker_died", True)
    assert failure["where"] in FailureShape().fields["where"].choices
