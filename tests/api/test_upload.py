"""Sending films by the API: one file is answered by its status, several by a list."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from screening import archive, intake, keeping, sandbox, wording
from screening.models import Batch, Image, Job, Priority, Receipt, Screening
from tests.intake import films
from tests.intake.conftest import media, stored  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def alone(media, model, rung):  # noqa: F811
    """Storage of its own, a model, and no broker."""


@pytest.fixture
def batch(as_sender, home):
    answer = as_sender.post("/api/v1/batches", {"site": "home", "priority": "urgent", "name": "Ward C"})
    assert answer.status_code == 201
    return answer.json()


@pytest.fixture
def send(as_sender, batch):
    """A function: send files ((name, bytes), ...) into the batch."""

    def send(*files, query="", **fields):
        form = {"file": [SimpleUploadedFile(name, data) for name, data in files], **fields}
        return as_sender.post(f"/api/v1/batches/{batch['id']}/files{query}", form, format="multipart")

    return send


def test_a_new_batch_is_the_senders_own(batch, sender, home):
    made = Batch.objects.get()
    assert (made.site, made.uploaded_by, made.priority, made.source) == (home, sender, Priority.URGENT, "api")
    assert (batch["site"], batch["priority"], batch["name"]) == ("home", "urgent", "Ward C")
    assert batch["progress"]["settled"] is True


def test_an_accepted_film_is_201_with_its_receipt(send, rung):
    answer = send(("a.jpg", films.jpeg()))
    assert answer.status_code == 201
    receipt = answer.json()["receipt"]
    assert (receipt["outcome"], receipt["reason"], receipt["prediction"]) == ("accepted", "", None)
    assert receipt["image"] == str(Image.objects.get().pk)
    assert rung["films"] == [Screening.objects.get().pk]
    assert Screening.objects.get().priority == Priority.URGENT


def test_a_duplicate_is_200_and_names_the_study(send):
    first = send(("a.jpg", films.jpeg())).json()["receipt"]
    answer = send(("b.jpg", films.jpeg()))
    assert answer.status_code == 200
    assert answer.json()["receipt"]["outcome"] == "duplicate"
    assert answer.json()["receipt"]["study"] == first["study"]


def test_a_conflict_is_409(send):
    send(("a.dcm", films.dicom(1, sop_uid="1.2.3")))
    answer = send(("b.dcm", films.dicom(2, sop_uid="1.2.3")))
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "uid_conflict"


@pytest.mark.parametrize(
    ("name", "data", "status", "code"),
    [
        ("cut.jpg", films.truncated_jpeg(), 422, "truncated"),
        ("empty.jpg", b"", 422, "empty"),
        ("ct.dcm", films.dicom(Modality="CT"), 422, "unsupported_modality"),
        ("page.png", b"<html></html>", 415, "unsupported_type"),
        ("films.zip", b"7z\xbc\xaf\x27\x1c", 415, "unsupported_type"),
    ],
)
def test_a_refused_file_is_answered_with_code_and_sentence(send, name, data, status, code):
    answer = send((name, data))
    assert answer.status_code == status
    error, receipt = answer.json()["error"], answer.json()["receipt"]
    assert (error["code"], error["sentence"]) == (code, receipt["sentence"])
    assert error["sentence"]
    assert receipt["study"] is None


def test_a_blank_film_is_stored_and_the_receipt_says_that_the_ai_is_not_applied(send):
    answer = send(("flat.png", films.flat_png()))
    assert (answer.status_code, answer.json()["receipt"]["reason"]) == (201, "no_content")
    assert answer.json()["receipt"]["sentence"].startswith("AI not applied")
    assert not Screening.objects.exists()


def test_a_file_above_the_limit_is_413(send, monkeypatch):
    monkeypatch.setattr(intake, "MAX_FILE_B", 1000)
    assert send(("a.jpg", films.jpeg())).status_code == 413


def test_a_companion_is_200_and_skipped(send):
    answer = send(("DICOMDIR", b"x"))
    assert (answer.status_code, answer.json()["receipt"]["outcome"]) == (200, "skipped")


def test_several_files_are_answered_by_a_list_in_their_order(send):
    answer = send(("a.jpg", films.jpeg(1)), ("b.jpg", films.truncated_jpeg()), ("c.png", films.png(3)))
    assert answer.status_code == 201
    assert [(each["name"], each["outcome"]) for each in answer.json()["receipts"]] == [
        ("a.jpg", "accepted"),
        ("b.jpg", "rejected"),
        ("c.png", "accepted"),
    ]


def test_a_single_file_may_bring_the_path_it_had(send):
    assert send(("a.jpg", films.jpeg()), name="cd/7/a.jpg").json()["receipt"]["name"] == "cd/7/a.jpg"


def test_a_zip_is_kept_before_the_202_that_says_where_to_look(send, batch, rung, stored):  # noqa: F811
    answer = send(("cd.zip", films.archive({"a.jpg": films.jpeg()})))
    assert answer.status_code == 202
    assert answer["Location"] == f"/api/v1/batches/{batch['id']}"
    job = Job.objects.get()
    assert (job.kind, job.state, job.priority, job.name) == ("archive", "pending", Priority.URGENT, "cd.zip")
    assert answer.json()["archive"]["id"] == str(job.pk)
    assert (stored(), rung["jobs"]) == (1, [job])
    assert not Receipt.objects.exists()


def test_a_zip_above_the_limit_is_413_at_once(send, monkeypatch):
    monkeypatch.setattr(archive, "MAX_ARCHIVE_B", 100)
    answer = send(("cd.zip", films.archive({"a.jpg": films.jpeg()})))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "archive_too_large")


def test_a_full_disk_is_507_and_nothing_half_stored(send, stored, monkeypatch):  # noqa: F811
    with monkeypatch.context() as patch:
        patch.setattr(keeping, "_sync", lambda name: (_ for _ in ()).throw(OSError(28, "No space left")))
        answer = send(("a.jpg", films.jpeg()))
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "storage_full")
    assert stored() == 0
    assert not Receipt.objects.exists()
    assert send(("a.jpg", films.jpeg())).status_code == 201


def test_a_storage_that_fails_is_503_and_no_files_fault(send, stored, monkeypatch):  # noqa: F811
    with monkeypatch.context() as patch:
        patch.setattr(keeping, "_sync", lambda name: (_ for _ in ()).throw(OSError(5, "Input/output error")))
        answer = send(("a.jpg", films.jpeg()))
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert "storage cannot be reached" in answer.json()["error"]["sentence"]
    assert stored() == 0
    assert not Receipt.objects.exists()
    assert send(("a.jpg", films.jpeg())).status_code == 201


def test_nothing_of_a_long_name_is_on_the_disk_while_a_large_file_is_taken(send, monkeypatch):
    lay, receive = [], intake.receive

    def seen(batch, name, file, **more):
        lay.append(file.temporary_file_path())
        return receive(batch, name, file, **more)

    monkeypatch.setattr(intake, "receive", seen)
    answer = send(("7. Kumar" + 240 * "x", bytes(2**20 + 1)))
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_type")
    assert answer.json()["receipt"]["name"].startswith("7. Kumar")
    assert "Kumar" not in lay[0]


def test_a_decoder_that_does_not_start_is_503_and_no_files_fault(send, monkeypatch):
    def broken(*_, **__):
        raise sandbox.CannotStart("no python")

    monkeypatch.setattr(sandbox, "decode", broken)
    assert send(("a.jpg", films.jpeg())).status_code == 503
    assert not Receipt.objects.exists()


def test_a_request_without_a_file_is_400_and_names_the_field(send):
    answer = send()
    assert answer.status_code == 400
    assert "file" in answer.json()["error"]["fields"]


def test_a_body_that_is_no_form_is_415(as_sender, batch):
    answer = as_sender.post(f"/api/v1/batches/{batch['id']}/files", {"file": "x"}, format="json")
    assert answer.status_code == 415


def test_more_files_than_a_request_may_hold_are_400(send, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 2
    assert send(*((f"{n}.jpg", b"x") for n in range(3))).status_code == 400


def test_a_one_shot_upload_makes_its_own_batch(as_sender, home):
    form = {"site": "home", "priority": "stat", "file": SimpleUploadedFile("a.jpg", films.jpeg())}
    answer = as_sender.post("/api/v1/uploads", form, format="multipart")
    assert answer.status_code == 201
    assert Batch.objects.get().priority == Priority.STAT


def test_where_the_user_has_one_site_beside_a_demo_site_it_need_not_be_said(as_sender, sender, factories, home):
    sender.sites.add(factories.site("a-demo", demo=True))
    answer = as_sender.post("/api/v1/uploads", {"file": SimpleUploadedFile("a.jpg", films.jpeg())}, format="multipart")
    assert (answer.status_code, Batch.objects.get().site) == (201, home)


def test_where_the_user_has_several_sites_one_must_be_said(as_sender, sender, away):
    sender.sites.add(away)
    answer = as_sender.post("/api/v1/batches", {})
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["site"])


def test_the_batch_counts_its_files_by_outcome_and_reason(send, as_sender, batch):
    send(("a.jpg", films.jpeg(1)), ("b.jpg", films.jpeg(1)), ("c.jpg", films.truncated_jpeg()))
    found = as_sender.get(f"/api/v1/batches/{batch['id']}").json()
    assert found["progress"]["outcomes"] == {
        "accepted": 1, "duplicate": 1, "conflict": 0, "rejected": 1, "skipped": 0,
    }  # fmt: skip
    assert [(each["code"], each["files"]) for each in found["progress"]["reasons"]] == [
        ("same_file", 1),
        ("truncated", 1),
    ]
    assert found["progress"]["screenings"] == {"pending": 1}
    assert found["progress"]["settled"] is False
    assert found["research_use"] == wording.RESEARCH_USE


def test_receipts_are_paged_and_narrowed(send, as_sender, batch):
    send(*((f"{n}.jpg", films.jpeg(n)) for n in range(3)), ("x.jpg", b"x"))
    address = f"/api/v1/batches/{batch['id']}/receipts"
    page = as_sender.get(f"{address}?size=3").json()
    assert [each["name"] for each in page["results"]] == ["0.jpg", "1.jpg", "2.jpg"]
    assert [each["name"] for each in as_sender.get(page["next"]).json()["results"]] == ["x.jpg"]
    rejected = as_sender.get(f"{address}?outcome=rejected").json()["results"]
    assert [each["name"] for each in rejected] == ["x.jpg"]
    ids = [each["id"] for each in page["results"][:2]]
    assert len(as_sender.get(f"{address}?id={ids[0]}&id={ids[1]}").json()["results"]) == 2
    assert as_sender.get(f"{address}?outcome=fine").status_code == 400
    assert as_sender.get(f"{address}?id=1").status_code == 400


def test_batches_are_listed_newest_first(as_sender, batch):
    other = as_sender.post("/api/v1/batches", {}).json()
    assert [each["id"] for each in as_sender.get("/api/v1/batches").json()["results"]] == [other["id"], batch["id"]]
