"""While database or storage are away every address says so with 503, whoever met it: a view, or what runs around it."""

import logging

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.files.storage import default_storage
from django.db import InterfaceError, InternalError, OperationalError
from django.test import Client


@pytest.fixture
def browser(as_person, reader):
    """One that gets an answer where a view raises."""
    client = Client(raise_request_exception=False)
    client.force_login(reader)
    return client


@pytest.fixture(params=[OperationalError, InterfaceError, InternalError])
def away(request, monkeypatch):
    """The database goes away when the session is read: no view is reached."""

    def fail(*_, **__):
        raise request.param("connection to 10.0.0.1 failed: SELECT secret")

    return lambda: monkeypatch.setattr(SessionStore, "load", fail)


@pytest.mark.parametrize("path", ["/worklist/", "/nothing/here"])
def test_a_page_says_so_and_when_to_come_back(browser, away, path, caplog):
    away()
    answer = browser.get(path)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    text = answer.content.decode()
    assert "FirstRead cannot reach its database just now" in text
    assert "secret" not in text
    assert [record.exc_info for record in caplog.records if record.levelno >= logging.WARNING] == [None]
    assert "secret" not in caplog.text


def test_an_address_of_the_api_says_so_in_json(browser, away):
    away()
    answer = browser.get("/api/v1/worklist")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert b"secret" not in answer.content


def test_a_picture_whose_storage_fails_is_503_without_its_path(browser, reader, factories, monkeypatch, caplog):
    image = factories.study(reader.sites.get()).images.get()

    def fail(*_):
        raise OSError(5, "Input/output error", "/tmp/x.upload.Kumar")

    monkeypatch.setattr(default_storage, "open", fail)
    answer = browser.get(f"/images/{image.pk}/viewing")
    assert answer.status_code == 503
    assert "storage cannot be reached just now" in answer.content.decode()
    assert "the storage fails: OSError, Input/output error" in caplog.text
    assert "Kumar" not in caplog.text


def test_a_fault_of_ours_is_still_one(browser, monkeypatch):
    monkeypatch.setattr(SessionStore, "load", lambda _: 1 / 0)
    answer = browser.get("/worklist/")
    assert answer.status_code == 500
    assert "database" not in answer.content.decode()
