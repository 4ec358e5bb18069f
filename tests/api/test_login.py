"""A token for a name and a password, and its end."""

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from screening.models import Event
from webportal import administration

PASSWORD = "a long enough password"


@pytest.fixture(autouse=True)
def quick_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


@pytest.fixture
def person(factories, home):
    return factories.radiologist(home, username="reader", password=PASSWORD)


def log_in(password=PASSWORD, username="reader", **headers):
    return APIClient().post("/api/v1/login", {"username": username, "password": password}, format="json", **headers)


def test_a_name_and_a_password_give_a_token_that_opens_the_api(person, home):
    answer = log_in().json()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {answer['token']}")
    assert client.get("/api/v1/me").json() == {"username": "reader", "roles": ["radiologist"], "sites": [home.code]}


def test_a_login_is_an_event(person):
    log_in(REMOTE_ADDR="10.1.2.3")
    event = Event.objects.get(kind="login")
    assert (event.actor, event.address) == (person, "10.1.2.3")


def test_a_failed_login_is_an_event_that_names_nobody(person):
    answer = log_in("wrong")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "authentication_failed")
    event = Event.objects.get(kind="login_failed")
    assert event.actor is None
    assert "reader" not in str(event.detail)


def test_an_unknown_name_and_a_wrong_password_get_the_same_answer(person):
    assert log_in("wrong").content == log_in(username="nobody").content


def test_a_deactivated_user_gets_no_token(person):
    administration.deactivate(person)
    assert log_in().status_code == 401


def test_ten_wrong_passwords_lock_the_name_against_the_right_one_too(person):
    for _ in range(10):
        log_in("wrong")
    answer = log_in()
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "locked")
    assert answer["Retry-After"] == "900"


def test_a_locked_name_locks_no_other(person, factories):
    factories.technologist(username="sender", password=PASSWORD)
    for _ in range(10):
        log_in("wrong")
    assert log_in(username="sender").status_code == 200


def test_a_password_reset_lifts_the_lock(person):
    for _ in range(10):
        log_in("wrong")
    assert log_in(administration.reset_password(person)).status_code == 200


def test_a_hundred_failures_from_one_address_close_the_login_for_it(person):
    for _ in range(100):
        Event.note(Event.Kind.LOGIN_FAILED, address="10.9.9.9")
    assert log_in(REMOTE_ADDR="10.9.9.9").status_code == 429
    assert log_in(REMOTE_ADDR="10.9.9.8").status_code == 200


def test_a_logout_ends_the_token_and_is_an_event(by_token, person):
    client = by_token(person)
    assert client.post("/api/v1/logout").status_code == 204
    assert client.get("/api/v1/me").status_code == 401
    assert Event.objects.filter(kind="logout", actor=person).count() == 1


def test_a_deactivation_ends_the_token_at_once(by_token, person):
    client = by_token(person)
    administration.deactivate(person)
    administration.activate(person)
    assert client.get("/api/v1/me").status_code == 401


@pytest.mark.parametrize("body", ["[]", '"text"', '{"username": ["a"], "password": {}}', "{}", "null"])
def test_a_login_of_the_wrong_shape_is_refused_by_field(db, body):
    answer = APIClient().post("/api/v1/login", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["error"]["fields"]


def test_a_token_in_a_cookie_opens_nothing(by_token, person):
    client = by_token(person)
    header = client._credentials.pop("HTTP_AUTHORIZATION")
    client.cookies["Authorization"] = header
    assert client.get("/api/v1/me").status_code == 401
