"""Logging in and out, and what it leaves behind."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from screening.models import Event, User
from webportal import idle
from webportal.views import account

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


def test_a_fragment_for_a_stranger_leaves_the_page_where_it_is(person):
    answer = Client().get("/worklist/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content, answer.has_header("HX-Redirect")) == (401, b"", False)


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


def test_a_changed_password_brings_no_login_back_that_was_ended_meanwhile(person, monkeypatch):
    client, clean = Client(), account.PasswordForm.clean_old_password
    log_in(client)

    def meanwhile(form):
        User.objects.filter(pk=person.pk).update(is_active=False)
        return clean(form)

    monkeypatch.setattr(account.PasswordForm, "clean_old_password", meanwhile)
    new = {"new_password1": "another long secret", "new_password2": "another long secret"}
    client.post("/password/", {"old_password": PASSWORD, **new})
    person.refresh_from_db()
    assert (person.is_active, person.check_password("another long secret")) == (False, True)


def test_a_hundred_failures_from_one_address_close_the_login_page_for_it(person):
    for _ in range(account.FAILURES_AN_ADDRESS):
        Event.note(Event.Kind.LOGIN_FAILED, address="10.9.9.9")
    form = {"username": "rad", "password": PASSWORD}
    closed = Client().post("/login/", form, REMOTE_ADDR="10.9.9.9")
    assert closed.status_code == 429 and "came from this address" in closed.content.decode()
    assert Client().post("/login/", form, REMOTE_ADDR="10.9.9.8").status_code == 302


class Clock:
    """Minutes go by for `webportal.idle`, and for the ends of sessions."""

    def __init__(self, monkeypatch):
        self.minutes = 0
        now = timezone.now()
        moved = lambda: now + timedelta(minutes=self.minutes)  # noqa: E731
        monkeypatch.setattr(idle.time, "time", lambda: moved().timestamp())
        monkeypatch.setattr(idle.timezone, "now", moved)


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def after(clock, client, minutes, **headers):
    """The status of a page so many minutes later."""
    clock.minutes += minutes
    return client.get("/worklist/", headers=headers).status_code


def test_a_session_that_is_not_used_for_half_an_hour_ends(person, clock):
    client = Client()
    log_in(client)
    assert [after(clock, client, 20), after(clock, client, 29), after(clock, client, 31)] == [200, 200, 302]
    assert not Session.objects.exists()


def test_what_a_page_asks_for_by_itself_keeps_nobody_logged_in(person, clock):
    client = Client()
    log_in(client)
    assert [after(clock, client, 9, **{idle.BY_ITSELF: "yes"}) for _ in range(4)] == [200, 200, 200, 302]


def test_a_session_ends_after_twelve_hours_however_much_it_is_used(person, clock):
    client = Client()
    log_in(client)
    statuses = [after(clock, client, 25) for _ in range(30)]
    assert statuses.index(302) == 28  # 29 times 25 minutes is the first beyond 12 hours


@pytest.mark.parametrize(
    ("role", "first"),
    [("radiologist", "/worklist/"), ("clinical_lead", "/worklist/"), ("technologist", "/studies/")],
)
def test_the_first_page_follows_the_role(factories, home, as_person, role, first):
    assert as_person(factories.person(role, home)).get("/").url == first


def test_a_person_without_a_role_is_told_what_to_do(factories, as_person):
    answer = as_person(factories.person([])).get("/")
    assert "without a role" in answer.content.decode()
