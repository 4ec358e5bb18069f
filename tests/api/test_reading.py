"""Claim, read, sign by the API: the same promises as on the page."""

import pytest

from screening import reading
from screening.models import Read, Study


@pytest.fixture
def study(factories, home, model):
    return factories.screened(factories.study(home), 0.9)


def post(client, study, act, body=None):
    return client.post(f"/api/v1/studies/{study.pk}/{act}", body)


def refused(answer):
    return answer.status_code, answer.json()["error"]["code"]


def test_next_claims_the_study_on_top(as_reader, reader, study):
    answer = as_reader.post("/api/v1/worklist/next")
    assert (answer.json()["id"], answer.json()["claimed_by"]) == (str(study.pk), reader.username)


def test_next_on_an_empty_worklist_has_no_content(as_reader):
    answer = as_reader.post("/api/v1/worklist/next")
    assert (answer.status_code, answer.content) == (204, b"")


def test_two_readers_get_two_studies(as_reader, by_token, factories, home, study):
    factories.study(home)
    first = as_reader.post("/api/v1/worklist/next").json()["id"]
    assert by_token(factories.radiologist(home)).post("/api/v1/worklist/next").json()["id"] != first


@pytest.mark.row(85)
def test_what_another_reader_has_is_not_yours(as_reader, factories, home, study):
    reading.claim(study, factories.radiologist(home))
    assert refused(post(as_reader, study, "claim")) == (409, "not_yours")
    assert refused(post(as_reader, study, "release")) == (409, "not_yours")


def test_a_released_study_returns_to_where_it_stood(as_reader, study):
    post(as_reader, study, "claim")
    answer = post(as_reader, study, "release").json()
    assert (answer["status"], answer["claimed_by"]) == ("screened", None)


def test_a_signed_read_shows_the_finding_and_what_the_ai_said(as_reader, reader, study, model):
    version = post(as_reader, study, "claim").json()["version"]
    answer = post(as_reader, study, "sign", {"version": version, "finding": "present", "comment": "left base"})
    assert answer.status_code == 201
    read = answer.json()
    assert (read["finding"], read["comment"], read["reader"]) == ("present", "left base", reader.username)
    assert (read["band"], read["model"]["sha256"]) == ("likely", model.sha256)
    assert Study.objects.get().status == "read"


@pytest.mark.row(85)
def test_signing_needs_a_live_claim(as_reader, study):
    answer = post(as_reader, study, "sign", {"version": 1, "finding": "absent"})
    assert refused(answer) == (409, "not_yours")
    assert not Read.objects.exists()


@pytest.mark.row(84)
def test_an_image_that_joined_must_be_seen_before_signing(as_reader, factories, study):
    post(as_reader, study, "claim")
    study.refresh_from_db()
    factories.join(study)
    answer = post(as_reader, study, "sign", {"version": 1, "finding": "absent"})
    assert refused(answer) == (409, "new_image")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"finding": "absent"}, "version"),
        ({"version": 1}, "finding"),
        ({"version": 1, "finding": "healthy"}, "finding"),
        ({"version": 1, "finding": "absent", "comment": "x" * 4001}, "comment"),
        ({"version": 1, "finding": "absent", "comment": "\x00"}, "comment"),
        ([1, 2], "non_field_errors"),
    ],
)
def test_a_read_of_the_wrong_shape_is_refused_by_field(as_reader, study, body, field):
    post(as_reader, study, "claim")
    answer = post(as_reader, study, "sign", body)
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [field])


def test_a_correction_is_an_addendum_and_the_first_read_stays(as_reader, reader, factories, study):
    factories.read(study, reader, "absent")
    answer = post(as_reader, study, "addenda", {"finding": "present", "comment": "seen again"})
    assert answer.status_code == 201
    assert answer.json()["addendum_to"] == str(Read.objects.get(addendum_to=None).pk)
    assert [read.finding for read in Read.objects.all()] == ["absent", "present"]


def test_an_unsigned_study_has_no_addendum(as_reader, study):
    assert refused(post(as_reader, study, "addenda", {"finding": "present"})) == (409, "not_yours")


def test_a_technologist_does_not_read(as_sender, study):
    assert refused(post(as_sender, study, "claim")) == (403, "permission_denied")
    assert refused(as_sender.post("/api/v1/worklist/next")) == (403, "permission_denied")


SAID = {"side": "left", "certainty": "probable", "urgent": "free air", "told_to": "duty doctor"}


def test_all_that_was_said_is_kept_and_told_back(as_reader, study):
    post(as_reader, study, "claim")
    read = post(as_reader, study, "sign", {"version": 1, "finding": "present", **SAID}).json()
    assert {name: read[name] for name in SAID} == SAID
    assert read["told_at"] and read["kind"] == "first"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"side": "up"}, "side"),
        ({"certainty": "sure"}, "certainty"),
        ({"told_to": "duty doctor"}, "urgent"),
        ({"urgent": "x", "told_to": "y", "told_at": "9999-01-01T00:00:00Z"}, "told_at"),
        ({"urgent": "x" * 501}, "urgent"),
    ],
)
def test_what_cannot_be_signed_is_refused_by_field(as_reader, study, said, field):
    post(as_reader, study, "claim")
    answer = post(as_reader, study, "sign", {"version": 1, "finding": "absent", **said})
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [field])


@pytest.fixture
def blind(home, study):
    home.blind_first = True
    home.save()
    return study


def test_no_answer_tells_a_blinded_reader_what_the_ai_says(as_reader, as_sender, blind):
    one = f"/api/v1/studies/{blind.pk}"
    answers = [as_reader.get(one).json(), post(as_reader, blind, "claim").json()]
    answers += as_reader.get("/api/v1/studies").json()["results"] + as_reader.get("/api/v1/worklist").json()["results"]
    assert len(answers) == 4
    for answer in answers:
        ai = answer["ai"]
        assert answer["ai_hidden"] and ai["state"] == "hidden"
        assert not any(ai[name] for name in ("band", "probability", "score", "ppv", "model"))
        assert "ikely" not in str(answer) and "0.9" not in str(answer)
    assert as_reader.get("/api/v1/studies?band=likely").json()["results"] == []
    seen = as_sender.get(one).json()
    assert (seen["ai_hidden"], seen["ai"]["score"]) == (False, 90)


def test_after_signing_it_is_told(as_reader, blind):
    post(as_reader, blind, "claim")
    read = post(as_reader, blind, "sign", {"version": 1, "finding": "absent"}).json()
    assert (read["band"], read["blind_finding"]) == ("likely", "absent")
    assert as_reader.get(f"/api/v1/studies/{blind.pk}").json()["ai"]["score"] == 90
