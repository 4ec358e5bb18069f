"""Files in pieces: the tus protocol as FirstRead speaks it."""

import base64
import uuid
from datetime import timedelta

import pytest
from django.db.models import F
from django.http import UnreadablePostError

from screening import archive, intake, keeping, parts
from screening.models import Job, Part, Receipt
from tests.intake import films
from tests.intake.conftest import media, stored  # noqa: F401
from webportal import sending

pytestmark = pytest.mark.django_db
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = "application/offset+octet-stream"


@pytest.fixture(autouse=True)
def alone(media, model, rung):  # noqa: F811
    """Storage of its own, a model, and no broker."""


@pytest.fixture
def batch(factories, home, sender):
    return factories.batch(home, by=sender)


def metadata(**pairs):
    return ",".join(f"{name} {base64.b64encode(str(value).encode()).decode()}" for name, value in pairs.items())


@pytest.fixture
def begin(as_sender, batch):
    """A function: the answer to a creation."""

    def begin(size, name="a.jpg", client=as_sender, body=b"", **more):
        head = TUS | {"Upload-Length": str(size), "Upload-Metadata": metadata(batch=batch.pk, name=name, **more)}
        kind = PIECE if body else "text/plain"
        return client.post("/api/v1/parts", body, content_type=kind, headers=head)

    return begin


@pytest.fixture
def send(as_sender):
    """A function: the answer to a piece."""

    def send(where, offset, data, kind=PIECE, client=as_sender, **head):
        head = TUS | {"Upload-Offset": str(offset)} | head
        return client.patch(where, data, content_type=kind, headers=head)

    return send


def test_the_server_says_what_it_speaks(as_sender):
    answer = as_sender.options("/api/v1/parts")
    assert (answer.status_code, answer["Tus-Version"], answer["Tus-Resumable"]) == (204, "1.0.0", "1.0.0")
    assert set(answer["Tus-Extension"].split(",")) >= {"creation", "termination", "expiration"}
    assert int(answer["Tus-Max-Size"]) == archive.MAX_ARCHIVE_B


def test_a_film_in_three_pieces_is_taken_with_the_last(begin, send, as_sender):
    data = films.jpeg()
    made = begin(len(data))
    assert (made.status_code, made["Upload-Offset"], made["Tus-Resumable"]) == (201, "0", "1.0.0")
    assert "Upload-Expires" in made
    where, third = made["Location"], len(data) // 3
    for start in (0, third):
        answer = send(where, start, data[start : start + third])
        assert (answer.status_code, answer["Upload-Offset"]) == (204, str(start + third))
        assert "Firstread-Receipt" not in answer
    answer = send(where, 2 * third, data[2 * third :])
    receipt = Receipt.objects.get()
    assert (answer.status_code, answer["Firstread-Receipt"]) == (204, str(receipt.pk))
    assert (receipt.outcome, receipt.name) == ("accepted", "a.jpg")
    assert as_sender.head(where, headers=TUS)["Firstread-Receipt"] == str(receipt.pk)


def test_a_zip_in_pieces_becomes_an_archive(begin, send):
    data = films.archive({"a.jpg": films.jpeg()})
    answer = send(begin(len(data), "cd.zip")["Location"], 0, data)
    assert answer["Firstread-Archive"] == str(Job.objects.get().pk)


def test_of_a_file_that_was_taken_neither_pieces_nor_name_stay(begin, send, stored):  # noqa: F811
    data = films.jpeg()
    send(begin(len(data))["Location"], 0, data)
    part = Part.objects.get()
    assert (part.pieces, part.name) == ([], "")
    assert stored() == 3  # the original and two renditions


def test_the_first_bytes_may_come_with_the_creation(begin):
    data = films.jpeg()
    answer = begin(len(data), body=data)
    assert (answer.status_code, answer["Upload-Offset"]) == (201, str(len(data)))
    assert answer["Firstread-Receipt"] == str(Receipt.objects.get().pk)


def test_an_empty_file_is_answered_at_its_creation(begin):
    assert begin(0)["Firstread-Receipt"] == str(Receipt.objects.get(reason="empty").pk)


def test_head_says_how_far_the_file_is_and_is_never_cached(begin, send, as_sender):
    where = begin(100)["Location"]
    send(where, 0, b"x" * 10)
    answer = as_sender.head(where, headers=TUS)
    assert (answer.status_code, answer["Upload-Offset"], answer["Upload-Length"]) == (200, "10", "100")
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("version", [None, "0.2.2", "2.0.0", ""])
def test_another_version_of_the_protocol_is_412_and_changes_nothing(as_sender, batch, version):
    head = {} if version is None else {"Tus-Resumable": version}
    head |= {"Upload-Length": "1", "Upload-Metadata": metadata(batch=batch.pk, name="a")}
    answer = as_sender.post("/api/v1/parts", b"", content_type="text/plain", headers=head)
    assert (answer.status_code, answer["Tus-Version"]) == (412, "1.0.0")
    assert not Part.objects.exists()


@pytest.mark.parametrize("size", [None, "", "-1", "1.5", "x", "９", "9" * 40])
def test_a_creation_without_a_length_in_bytes_is_400(as_sender, batch, size):
    head = TUS | {"Upload-Metadata": metadata(batch=batch.pk, name="a")}
    head |= {} if size is None else {"Upload-Length": size}
    answer = as_sender.post("/api/v1/parts", b"", content_type="text/plain", headers=head)
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["Upload-Length"])


@pytest.mark.parametrize(
    "said",
    [
        "", "batch", "batch not-base64!", "batch w6k=", "name YQ==", "batch YQ==,name YQ==", "a b c d", "batch /w==",
        metadata(batch=uuid.UUID(int=0)), metadata(batch=uuid.UUID(int=0), name="a\0b"),
        metadata(batch=uuid.UUID(int=0), name="a", key="Doe^Jane"), "," * 50,
    ],
)  # fmt: skip
def test_metadata_that_do_not_fit_are_400_and_named(as_sender, said):
    head = TUS | {"Upload-Length": "1", "Upload-Metadata": said}
    answer = as_sender.post("/api/v1/parts", b"", content_type="text/plain", headers=head)
    assert answer.status_code == 400
    assert set(answer.json()["error"]["fields"]) <= {"Upload-Metadata", "key"}


def test_a_file_above_the_limit_of_an_archive_is_413_before_it_is_sent(begin):
    answer = begin(archive.MAX_ARCHIVE_B + 1)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "archive_too_large")


def test_a_film_above_the_limit_is_413_with_its_first_bytes(begin, send, stored):  # noqa: F811
    where = begin(intake.MAX_FILE_B + 1)["Location"]
    answer = send(where, 0, films.jpeg())
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    assert not Part.objects.exists() and stored() == 0


def test_an_archive_may_be_larger_than_a_film(begin, send):
    where = begin(intake.MAX_FILE_B + 1, "cd.zip")["Location"]
    assert send(where, 0, b"PK\3\4" + b"x" * 10).status_code == 204


def test_a_piece_at_another_offset_is_409_and_nothing_of_it_is_kept(begin, send, as_sender):
    where = begin(100)["Location"]
    send(where, 0, b"x" * 10)
    for offset in (0, 9, 11, 100, 10**18):
        assert send(where, offset, b"y").status_code == 409
    assert as_sender.head(where, headers=TUS)["Upload-Offset"] == "10"


@pytest.mark.parametrize("offset", ["", "-1", "x", "1e3"])
def test_an_offset_that_is_no_number_is_400(begin, send, offset):
    assert send(begin(100)["Location"], offset, b"x").status_code == 400


@pytest.mark.parametrize("kind", ["application/octet-stream", "application/json", "multipart/form-data"])
def test_a_piece_of_another_content_type_is_415(begin, send, kind):
    answer = send(begin(100)["Location"], 0, b"x", kind=kind)
    assert (answer.status_code, answer["Tus-Resumable"]) == (415, "1.0.0")


def test_a_piece_beyond_the_end_of_the_file_is_413_and_nothing_of_it_is_kept(begin, send, as_sender):
    where = begin(10)["Location"]
    assert send(where, 0, b"x" * 11).status_code == 413
    assert as_sender.head(where, headers=TUS)["Upload-Offset"] == "0"


def test_a_file_that_was_given_up_is_gone_with_its_bytes(begin, send, as_sender, stored):  # noqa: F811
    where = begin(100)["Location"]
    send(where, 0, b"x" * 10)
    assert as_sender.delete(where, headers=TUS).status_code == 204
    assert as_sender.head(where, headers=TUS).status_code == 404
    assert stored() == 0


def test_a_file_that_was_not_touched_for_a_day_is_410(begin, send, as_sender):
    where = begin(100)["Location"]
    Part.objects.update(touched_at=F("touched_at") - timedelta(hours=25))
    assert send(where, 0, b"x").status_code == 410
    assert as_sender.head(where, headers=TUS).status_code == 410


@pytest.mark.parametrize("method", ["head", "patch", "delete"])
def test_somebody_elses_part_is_not_there(begin, by_token, factories, home, method):
    where = begin(100)["Location"]
    other = by_token(factories.technologist(home))
    options = {"data": b"x", "content_type": PIECE} if method == "patch" else {}
    answer = getattr(other, method)(where, **options, headers=TUS | {"Upload-Offset": "0"})
    assert answer.status_code == 404
    assert Part.objects.get().offset == 0


def test_into_somebody_elses_batch_no_part_is_begun(begin, by_token, factories, home, away):
    assert begin(1, client=by_token(factories.technologist(home))).status_code == 403
    assert begin(1, client=by_token(factories.technologist(away))).status_code == 404
    assert not Part.objects.exists()


def test_a_session_needs_its_csrf_token(begin, sender):
    from rest_framework.test import APIClient

    client = APIClient(enforce_csrf_checks=True)
    client.force_login(sender)
    assert begin(1, client=client).status_code == 403
    client.cookies["csrftoken"] = "x" * 32
    client.defaults["HTTP_X_CSRFTOKEN"] = "x" * 32
    assert begin(1, client=client).status_code == 201


def test_a_method_in_disguise_is_not_taken(begin, as_sender):
    where = begin(100)["Location"]
    head = TUS | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert as_sender.post(where, b"x", content_type=PIECE, headers=head).status_code == 405


def test_the_seventeenth_file_on_its_way_is_429_and_a_place_comes_free(begin, as_sender):
    where = [begin(10)["Location"] for _ in range(parts.UNFINISHED_A_USER)]
    answer = begin(10)
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "quota_exceeded")
    assert int(answer["Retry-After"]) > 0
    as_sender.delete(where[0], headers=TUS)
    assert begin(10).status_code == 201


def test_a_full_disk_is_507_and_an_empty_piece_tries_again_later(begin, send, monkeypatch):
    data = films.jpeg()
    where = begin(len(data))["Location"]
    kept = keeping.keep
    with monkeypatch.context() as patch:
        full = lambda name, file: kept(name, file) if name.startswith("parts/") else _raise(keeping.StorageFull)  # noqa: E731
        patch.setattr(keeping, "keep", full)
        answer = send(where, 0, data)
        assert (answer.status_code, answer.json()["error"]["code"]) == (507, "storage_full")
    assert "Firstread-Receipt" in send(where, len(data), b"")
    assert Receipt.objects.get().outcome == "accepted"


def test_a_piece_that_the_disk_does_not_hold_is_507_and_comes_again(begin, send, monkeypatch, as_sender):
    where = begin(100)["Location"]
    with monkeypatch.context() as patch:
        patch.setattr(keeping, "keep", lambda name, file: _raise(keeping.StorageFull))
        assert send(where, 0, b"x" * 10).status_code == 507
    assert as_sender.head(where, headers=TUS)["Upload-Offset"] == "0"
    assert send(where, 0, b"x" * 10).status_code == 204


def _raise(error):
    raise error


def test_a_file_taken_twice_has_one_receipt(begin, send):
    data = films.jpeg()
    where = begin(len(data))["Location"]
    first = send(where, 0, data)["Firstread-Receipt"]
    assert send(where, len(data), b"")["Firstread-Receipt"] == first
    assert Receipt.objects.count() == 1


def test_a_connection_that_breaks_keeps_what_arrived(batch):
    class Broken:
        def __init__(self):
            self.left = [b"x" * 1000, b"y" * 500]

        def read(self, size):
            if not self.left:
                raise UnreadablePostError("gone")
            return self.left.pop(0)

    part = parts.begin(batch, "a.jpg", 5000)
    parts.append(part, 0, Broken())
    assert Part.objects.get().offset == 1500
    with parts.assembled(part) as file:
        assert file.read() == b"x" * 1000 + b"y" * 500


def test_of_two_that_bring_the_same_bytes_at_once_one_is_refused(batch, stored):  # noqa: F811
    part = parts.begin(batch, "a.jpg", 10)
    same = Part.objects.get()
    parts.append(part, 0, films.io.BytesIO(b"12345"))
    with pytest.raises(parts.Elsewhere):
        parts.append(same, 0, films.io.BytesIO(b"12345"))
    assert (Part.objects.get().offset, stored()) == (5, 1)


def test_a_file_that_is_given_up_while_it_is_taken_is_410_and_one_that_was_taken_stays(
    begin, send, monkeypatch, as_sender
):
    def given_up(before):
        def take(*arguments):
            if before:
                parts.drop(*Part.objects.all())
                raise FileNotFoundError
            taken = receive(*arguments)
            parts.drop(*Part.objects.all())
            return taken

        return take

    receive, data = sending._take, films.jpeg()
    monkeypatch.setattr(sending, "_take", given_up(before=True))
    answer = send(begin(len(data))["Location"], 0, data)
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "expired")
    monkeypatch.setattr(sending, "_take", given_up(before=False))
    answer = send(begin(len(data))["Location"], 0, data)
    assert (answer.status_code, answer["Firstread-Receipt"]) == (204, str(Receipt.objects.get().pk))


def test_a_file_whose_pieces_cannot_be_reached_is_503_and_comes_again(begin, send, media):  # noqa: F811
    data = films.jpeg()
    where = begin(len(data))["Location"]
    send(where, 0, data[:100])
    Part.objects.update(offset=len(data))
    gone = media.rename(media.with_name("elsewhere"))
    answer = send(where, len(data), b"")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    gone.rename(media)


def test_a_file_that_nobody_can_name_takes_up_no_place_where_its_first_bytes_are_not_kept(begin, monkeypatch):
    monkeypatch.setattr(keeping, "keep", lambda name, file: _raise(keeping.StorageFull))
    for key, left in (({}, 0), ({"key": "k1"}, 1)):
        assert begin(10, body=b"x" * 10, **key).status_code == 507
        assert Part.objects.count() == left


def test_a_film_above_the_limit_whose_first_bytes_come_with_its_creation_is_413(begin, stored):  # noqa: F811
    answer = begin(intake.MAX_FILE_B + 1, body=films.jpeg())
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    assert not Part.objects.exists() and stored() == 0


def test_a_file_begun_again_under_its_key_takes_the_place_of_the_first(begin, as_sender):
    first = begin(100, key="k1")["Location"]
    assert begin(100, key="k1").status_code == 201
    assert as_sender.head(first, headers=TUS).status_code == 404
    assert Part.objects.count() == 1


def test_the_pieces_are_read_and_sought_in_as_one_file(batch, monkeypatch):
    monkeypatch.setattr(parts, "PIECE_B", 7)
    monkeypatch.setattr(parts, "STEP_B", 3)
    data = bytes(range(100))
    part = parts.begin(batch, "a.jpg", len(data))
    parts.append(part, 0, films.io.BytesIO(data))
    assert len(part.pieces) == 15
    with parts.assembled(part) as file:
        assert file.seek(0, 2) == 100
        for start in (0, 6, 7, 50, 99, 100):
            file.seek(start)
            assert file.read() == data[start:]


def test_a_file_whose_pieces_went_under_the_hands_of_a_second_taker_is_what_the_first_made_of_it(
    begin, send, monkeypatch, as_sender
):
    data = films.jpeg()
    where = begin(len(data))["Location"]
    real, answers = sending._take, []

    def both_at_once(*args):
        if not answers:
            answers.append(None)
            answers[0] = send(where, len(data), b"")
        return real(*args)

    monkeypatch.setattr(sending, "_take", both_at_once)
    second = send(where, 0, data)
    assert (answers[0].status_code, second.status_code) == (204, 204)
    assert second["Firstread-Receipt"] == answers[0]["Firstread-Receipt"]


def test_a_cancelled_batch_lets_go_of_what_is_on_its_way(begin, as_sender, batch):
    for _ in range(16):
        begin(100)
    assert begin(100).status_code == 429
    as_sender.post(f"/api/v1/batches/{batch.pk}/cancel")
    as_sender.post(f"/api/v1/batches/{batch.pk}/retry")
    assert begin(100).status_code == 201
