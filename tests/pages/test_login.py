"""Logging in and out, and what it leaves behind."""

import pytest
from django.test import Client

from screening.models import Event

PASSWORD = "correct horse battery"


@pytest.fixture
def person(factories, home):
    return factories.radiologist(home, username="rad", password=PASSWORD)


def log_in(client, password=PASSWORD, **more):
    return client.post("/login/", {"username": "rad", "password": password, **more})


def test_a_page_sends_a_stranger_to_the_login_and_back(person):
    client = Client()
    answer = client.get("/worklist/?show=likely")
    assert answer.url == "/login/?next=/worklist/%3Fshow%3Dlikely"
    assert log_in(client, next="/worklist/?show=likely").url == "/worklist/?show=likely"


def test_a_fragment_sends_the_whole_page_to_the_login(person):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/worklist/?show=mine"}
    answer = Client().get("/worklist/", headers=headers)
    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/login/?next=/worklist/?show=mine")


def test_logging_in_and_out_are_events(person):
    client = Client()
    log_in(client)
    answer = client.post("/logout/")
    assert list(Event.objects.values_list("kind", "actor__username")) == [("login", "rad"), ("logout", "rad")]
    assert answer["Clear-Site-Data"] == '"cache"'


def test_a_wrong_password_is_an_event_without_the_name_that_was_typed(person):
    answer = log_in(Client(), "wrong")
    assert "do not fit together" in answer.content.decode()
    event = Event.objects.get()
    assert (event.kind, event.actor, event.detail) == ("login_failed", None, {})


def test_ten_wrong_passwords_lock_the_name_with_a_sentence(person):
    client = Client()
    answers = [log_in(client, "wrong") for _ in range(10)]
    assert "Locked for now" in answers[-1].content.decode()
    assert "Locked for now" in log_in(client).content.decode()


def test_a_deactivated_person_cannot_log_in(person):
    person.is_active = False
    person.save()
    assert "do not fit together" in log_in(Client()).content.decode()


def test_one_changes_ones_own_password(person):
    client = Client()
    log_in(client)
    new = {"new_password1": "another long secret", "new_password2": "another long secret"}
    client.post("/password/", {"old_password": PASSWORD, **new})
    assert log_in(Client(), "another long secret").status_code == 302
    assert Event.objects.filter(kind="password", actor=person).exists()


@pytest.mark.parametrize(
    ("role", "first"),
    [("radiologist", "/worklist/"), ("clinical_lead", "/worklist/"), ("technologist", "/studies/")],
)
def test_the_first_page_follows_the_role(factories, home, as_person, role, first):
    assert as_person(factories.person(role, home)).get("/").url == first


def test_a_person_without_a_role_is_told_what_to_do(factories, as_person):
    answer = as_person(factories.person([])).get("/")
    assert "without a role" in answer.content.decode()
