"""`Idempotency-Key`: what is sent again gets its first answer, and a sender who comes back asks what is here."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from screening.models import Batch, Image, Job, Receipt
from tests.intake import films
from tests.intake.conftest import media  # noqa: F401
from workers import jobs

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def alone(media, model, rung):  # noqa: F811
    """Storage of its own, a model, and no broker."""


@pytest.fixture
def batch(factories, home, sender):
    return factories.batch(home, by=sender)


@pytest.fixture
def send(as_sender, batch):
    """A function: send one file under a key."""

    def send(key, data, name="a.jpg", path=None):
        form = {"file": SimpleUploadedFile(name, data)}
        path = path or f"/api/v1/batches/{batch.pk}/files"
        return as_sender.post(path, form, format="multipart", headers={"Idempotency-Key": key})

    return send


def begin(client, key, **sent):
    return client.post("/api/v1/batches", sent, headers={"Idempotency-Key": key})


def test_a_batch_begun_again_under_its_key_is_the_first_one(as_sender, home):
    first, second = (begin(as_sender, "k1", name="Ward C", priority="urgent") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert ("Idempotent-Replayed" in first, second["Idempotent-Replayed"]) == (False, "true")
    assert first["Location"] == second["Location"] == f"/api/v1/batches/{first.json()['id']}"
    assert Batch.objects.count() == 1


@pytest.mark.row(83)
@pytest.mark.parametrize(
    "other", [{"name": "Ward D"}, {"priority": "stat"}, {"site": "away"}, {"age_group": "adult"}, {"dry_run": True}]
)
def test_the_key_of_a_batch_with_other_words_is_422(as_sender, sender, home, away, other):
    sender.sites.add(away)
    begin(as_sender, "k1", site="home", name="Ward C")
    answer = begin(as_sender, "k1", **{"site": "home", "name": "Ward C"} | other)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "key_reused")
    assert Batch.objects.count() == 1


@pytest.mark.parametrize("act", ["confirm", "discard"])
def test_the_key_of_a_dry_run_stands_for_one_whatever_became_of_it(as_sender, home, act):
    first = begin(as_sender, "k1", dry_run=True).json()["id"]
    assert begin(as_sender, "k1", dry_run=True).json()["id"] == first
    as_sender.post(f"/api/v1/batches/{first}/{act}")
    jobs.confirm()
    assert begin(as_sender, "k1", dry_run=True).json()["id"] == first
    answer = begin(as_sender, "k1")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "key_reused")


def test_its_sender_finds_a_receipt_by_id_also_where_the_manifest_sent_the_film(
    as_sender, by_token, factories, sender, home, away, batch
):
    sender.sites.add(away)
    there = Batch.objects.create(site=away, uploaded_by=sender, source="api", parent=batch)
    receipt = Receipt.objects.create(batch=there, name="a.jpg", outcome="duplicate", reason="same_file")
    address = f"/api/v1/batches/{batch.pk}/receipts"
    found = [each["id"] for each in as_sender.get(f"{address}?id={receipt.pk}").json()["results"]]
    assert found == [str(receipt.pk)]
    assert as_sender.get(address).json()["results"] == []
    other = by_token(factories.technologist(home))
    assert other.get(f"{address}?id={receipt.pk}").json()["results"] == []
    sender.sites.remove(away)
    assert as_sender.get(f"{address}?id={receipt.pk}").json()["results"] == []


def test_two_people_may_use_the_same_key(as_sender, as_reader, home):
    answers = [begin(client, "k1") for client in (as_sender, as_reader)]
    assert [each.status_code for each in answers] == [201, 201]


def test_without_a_key_each_request_begins_a_batch(as_sender, home):
    assert [as_sender.post("/api/v1/batches", {}).status_code for _ in range(2)] == [201, 201]


@pytest.mark.parametrize("key", ["", " ", "Doe^Jane", "a b", "x" * 65, "ü", "a/b"])
def test_a_key_of_another_form_is_400(as_sender, home, send, key):
    for answer in (begin(as_sender, key), send(key, films.jpeg())):
        assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["Idempotency-Key"])


@pytest.mark.row(83)
def test_a_file_sent_again_under_its_key_gets_its_first_receipt(send):
    first, second = (send("k1", films.jpeg()) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["receipt"]["id"] == second.json()["receipt"]["id"]
    assert first.json()["receipt"]["key"] == "k1"
    assert ("Idempotent-Replayed" in first, second["Idempotent-Replayed"]) == (False, "true")
    assert (Receipt.objects.count(), Image.objects.count()) == (1, 1)


@pytest.mark.row(83)
def test_the_key_of_a_file_with_other_bytes_is_422_and_stores_nothing(send):
    send("k1", films.jpeg(1))
    answer = send("k1", films.jpeg(2))
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "key_reused")
    assert Receipt.objects.count() == 1


def test_the_same_bytes_under_another_key_are_a_duplicate(send):
    send("k1", films.jpeg())
    assert send("k2", films.jpeg()).json()["receipt"]["outcome"] == "duplicate"


def test_an_archive_sent_again_under_its_key_is_the_first_job(send):
    data = films.archive({"a.jpg": films.jpeg()})
    first, second = (send("k1", data, "cd.zip") for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["archive"]["id"] == second.json()["archive"]["id"]
    assert second["Idempotent-Replayed"] == "true"
    assert Job.objects.count() == 1


def test_a_rejected_file_sent_again_is_rejected_by_its_first_receipt(send):
    answers = [send("k1", films.truncated_jpeg()) for _ in range(2)]
    assert [each.status_code for each in answers] == [422, 422]
    assert Receipt.objects.count() == 1


def test_a_key_stands_for_one_file(as_sender, batch):
    form = {"file": [SimpleUploadedFile(name, films.jpeg()) for name in ("a.jpg", "b.jpg")]}
    path = f"/api/v1/batches/{batch.pk}/files"
    assert as_sender.post(path, form, format="multipart", headers={"Idempotency-Key": "k1"}).status_code == 400
    assert not Receipt.objects.exists()


def test_a_one_shot_upload_sent_again_makes_one_batch_and_one_receipt(send, home):
    first, second = (send("k1", films.jpeg(), path="/api/v1/uploads") for _ in range(2))
    assert (first.status_code, second.status_code, second["Idempotent-Replayed"]) == (201, 201, "true")
    assert (Batch.objects.filter(key="k1").count(), Receipt.objects.count()) == (1, 1)
    assert send("k1", films.jpeg(2), path="/api/v1/uploads").status_code == 422


def test_a_sender_who_comes_back_learns_which_files_are_here(send, as_sender, batch):
    from screening import parts

    receipt = send("k1", films.jpeg()).json()["receipt"]
    archive = send("k2", films.archive({"a.jpg": films.jpeg()}), "cd.zip").json()["archive"]
    part = parts.begin(batch, "large.zip", 100, "k3")
    answer = as_sender.post(f"/api/v1/batches/{batch.pk}/known", {"keys": ["k1", "k2", "k3", "k4"]})
    assert answer.status_code == 200
    found = answer.json()
    assert {key: each["id"] for key, each in found["receipts"].items()} == {"k1": receipt["id"]}
    assert {key: each["id"] for key, each in found["archives"].items()} == {"k2": archive["id"]}
    assert found["parts"] == {"k3": {"url": f"/api/v1/parts/{part.pk}", "offset": 0}}


def test_of_somebody_elses_batch_nobody_learns_what_is_here(batch, by_token, factories, home, away):
    path = f"/api/v1/batches/{batch.pk}/known"
    assert by_token(factories.technologist(home)).post(path, {"keys": []}).status_code == 403
    assert by_token(factories.technologist(away)).post(path, {"keys": []}).status_code == 404


@pytest.mark.parametrize("keys", [None, "k1", {}, ["k"] * 1001, [None], ["a\0"], [["k"]]])
def test_a_question_that_does_not_fit_is_400(as_sender, batch, keys):
    answer = as_sender.post(f"/api/v1/batches/{batch.pk}/known", {"keys": keys})
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["keys"])


def test_a_receipt_is_found_by_its_key(send, as_sender, batch):
    for number in range(3):
        send(f"k{number}", films.jpeg(number))
    found = as_sender.get(f"/api/v1/batches/{batch.pk}/receipts?key=k1").json()["results"]
    assert [each["key"] for each in found] == ["k1"]
