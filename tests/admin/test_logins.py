"""Logging in and out by the page: what the history keeps, and what a locked name is told."""

import pytest
from django.test import Client

from screening.models import Event

PASSWORD = "a long enough password"


@pytest.fixture(autouse=True)
def quick_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def reader(factories, home):
    return factories.radiologist(home, username="reader", password=PASSWORD)


def log_in(client, password=PASSWORD):
    return client.post("/login/", {"username": "reader", "password": password})


def test_login_and_logout_are_events_of_the_person(reader, client):
    log_in(client)
    client.post("/logout/")
    assert list(Event.objects.values_list("kind", "actor")) == [("login", reader.pk), ("logout", reader.pk)]


def test_a_failed_login_is_an_event_that_names_nobody(reader, client):
    log_in(client, "wrong")
    event = Event.objects.get()
    assert (event.kind, event.actor, event.detail) == ("login_failed", None, {})


def test_ten_wrong_passwords_lock_the_name_and_the_page_says_for_how_long(reader, client):
    for _ in range(10):
        log_in(client, "wrong")
    answer = log_in(client)
    assert answer.status_code == 429 and b"15 minutes" in answer.content


def test_a_session_gets_a_new_id_at_the_login_and_ends_at_the_logout(reader):
    client = Client()
    client.get("/login/")
    client.cookies["sessionid"] = "chosen-by-somebody-else"
    log_in(client)
    key = client.cookies["sessionid"].value
    assert key != "chosen-by-somebody-else"
    client.post("/logout/")
    client.cookies["sessionid"] = key
    assert client.get("/worklist/").status_code == 302


@pytest.mark.parametrize(
    ("behind_tls", "named", "kept"),
    [
        (False, "10.0.0.9", "127.0.0.1"),
        (True, "10.0.0.9", "10.0.0.9"),
        (True, "6.6.6.6, 10.0.0.9", "10.0.0.9"),
        (True, "no address", None),
    ],
)
def test_a_forwarded_address_counts_behind_the_proxy_alone(reader, client, settings, behind_tls, named, kept):
    settings.BEHIND_TLS = behind_tls
    client.post("/login/", {"username": "reader", "password": PASSWORD}, headers={"X-Forwarded-For": named})
    assert Event.objects.get().address == kept
