"""Whether the process lives, and whether FirstRead is ready, in sentences."""

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from workers import dispatch, heartbeat


@pytest.fixture
def all_there(model):
    heartbeat.beat("w1", "model", loaded=[model.card_sha256])
    heartbeat.beat("sweep", "sweep")


def missing(client):
    answer = client.get("/readyz")
    assert (answer.status_code == 200) == answer.json()["ready"] == (not answer.json()["missing"])
    return answer.json()["missing"]


def test_the_process_lives_without_asking_the_database(client, factories, home):
    client.force_login(factories.technologist(home))
    with CaptureQueriesContext(connection) as asked:
        answer = client.get("/healthz")
    assert not asked.captured_queries
    assert (answer.status_code, answer.json()) == (200, {"alive": True})


def test_it_is_ready_when_everything_is_there(client, all_there):
    assert missing(client) == []
    assert "no-cache" in client.get("/readyz")["Cache-Control"]


def test_each_missing_part_has_its_sentence(client, db):
    sentences = missing(client)
    assert [sentence.split(":")[0] for sentence in sentences] == [
        "no model is active", "no screening worker was seen of late", "the sweep has not run of late",
    ]  # fmt: skip


def test_a_worker_without_the_active_model_is_not_enough(client, all_there, factories):
    factories.active_model("2")
    assert missing(client) == ["no screening worker has loaded the active model; the operations page says why"]


def test_a_worker_that_was_seen_long_ago_does_not_count(client, all_there, settings):
    settings.SWEEP_S = -1
    assert len(missing(client)) == 2


def test_a_broker_that_does_not_answer_is_said_so(client, all_there, settings):
    settings.BROKER_URL = "redis://127.0.0.1:1/0"
    assert missing(client) == ["the broker does not answer"]


def test_a_storage_that_is_not_mounted_is_said_so(client, all_there, factories, home, settings, tmp_path):
    factories.study(home)
    assert missing(client) == []
    backend = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = settings.STORAGES | {"default": backend}
    assert missing(client) == ["the films' storage does not answer"]


def test_a_broker_that_hangs_is_given_half_a_second(settings):
    import socket
    import time

    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.BROKER_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        began = time.monotonic()
        assert not dispatch.answers()
        assert time.monotonic() - began < 20


def test_a_database_that_does_not_answer_is_said_so_and_nothing_else(client, monkeypatch, db):
    def fail():
        raise DatabaseError("password of 10.0.0.1")

    monkeypatch.setattr("webportal.views.health._of_the_ledger", fail)
    assert missing(client) == ["the database does not answer"]
    assert b"10.0.0.1" not in client.get("/readyz").content


def test_asking_while_something_is_missing_leaves_no_line_in_the_log(client, db, caplog):
    client.get("/readyz")
    assert not [record for record in caplog.records if record.name == "django.request"]
