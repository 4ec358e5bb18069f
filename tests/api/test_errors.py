"""Every refusal has one shape, and none tells what it must not."""

import pytest
from django.db import OperationalError
from django.http import UnreadablePostError
from django.test import Client


def shape(answer):
    error = answer.json()["error"]
    assert set(error) <= {"code", "sentence", "fields"} and error["sentence"]
    return answer.status_code, error["code"]


def test_without_a_login_the_answer_says_how_to_get_one(client, db):
    answer = client.get("/api/v1/me")
    assert shape(answer) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"] == "Token"


def test_a_wrong_token_is_refused(client, db):
    answer = client.get("/api/v1/me", headers={"Authorization": "Token 123"})
    assert shape(answer) == (401, "authentication_failed")


def test_an_address_that_is_none_is_answered_in_json(as_reader):
    assert shape(as_reader.get("/api/v1/nothing/here")) == (404, "not_found")
    assert shape(as_reader.get("/api/v1/studies/not-an-id")) == (404, "not_found")


def test_a_wrong_method_is_refused(as_reader):
    assert shape(as_reader.delete("/api/v1/studies")) == (405, "method_not_allowed")


def test_a_body_that_is_no_json_is_refused(as_reader, factories, home):
    address = f"/api/v1/studies/{factories.study(home).pk}/priority"
    assert shape(as_reader.post(address, "{", content_type="application/json")) == (400, "parse_error")
    assert shape(as_reader.post(address, "a=1", content_type="text/plain")) == (415, "unsupported_media_type")


def test_a_fault_of_ours_tells_nothing_of_itself(as_reader, monkeypatch):
    def fail(*_):
        raise RuntimeError("secret path /srv/x and SELECT *")

    monkeypatch.setattr("webportal.api.worklist.worklist.waiting", fail)
    answer = as_reader.get("/api/v1/worklist")
    assert shape(answer) == (500, "fault")
    assert b"secret" not in answer.content and b"SELECT" not in answer.content


def test_a_sender_who_is_gone_in_the_middle_is_no_fault_of_the_storage(as_reader, monkeypatch, caplog):
    def fail(*_):
        raise UnreadablePostError("gone")

    monkeypatch.setattr("webportal.api.worklist.worklist.waiting", fail)
    assert shape(as_reader.get("/api/v1/worklist")) == (400, "parse_error")
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_database_that_is_away_is_said_so(as_reader, monkeypatch):
    def fail(*_):
        raise OperationalError("connection to server at 10.0.0.1 failed")

    monkeypatch.setattr("webportal.api.worklist.worklist.waiting", fail)
    answer = as_reader.get("/api/v1/worklist")
    assert shape(answer) == (503, "unavailable")
    assert b"10.0.0.1" not in answer.content


@pytest.mark.parametrize("address", ["/api/v1/logout", "/api/v1/worklist/next"])
def test_a_session_needs_the_csrf_token_for_every_change(reader, address):
    client = Client(enforce_csrf_checks=True)
    client.force_login(reader)
    answer = client.post(address)
    assert shape(answer) == (403, "permission_denied")


def test_a_session_reads_the_api_too(reader):
    client = Client()
    client.force_login(reader)
    assert client.get("/api/v1/me").json()["username"] == reader.username
