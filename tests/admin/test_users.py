"""Users, by the pages: creating, roles, passwords, and the end of a login."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from knox.models import AuthToken

from screening.models import Event, User


@pytest.fixture(autouse=True)
def quick_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def reader(factories, home):
    return factories.radiologist(home, username="reader", password="a long enough password")


@pytest.fixture
def as_reader(reader):
    client = Client()
    client.force_login(reader)
    return client


def shown(answer):
    return re.search(r'id="password">([^<]+)<', answer.content.decode())[1]


def new_user(home, **changed):
    return {"username": "sender", "roles": ["technologist"], "sites": [str(home.pk)]} | changed


def test_a_new_user_logs_in_with_the_password_that_was_shown_once(boss, home):
    answer = boss.post("/users/new", new_user(home))
    page = Client().post("/login/", {"username": "sender", "password": shown(answer)})
    assert page.status_code == 302
    assert "no-store" in answer["Cache-Control"]
    assert shown(answer) not in boss.get("/users/").content.decode()


def test_a_new_user_is_an_event_without_the_password(boss, administrator, home):
    answer = boss.post("/users/new", new_user(home))
    event = Event.objects.get(kind="user_created")
    assert event.actor == administrator
    assert event.detail == {
        "user": str(User.objects.get(username="sender").pk),
        "roles": ["technologist"],
        "sites": ["home"],
    }
    assert shown(answer) not in str(event.detail)


@pytest.mark.parametrize("name", ["boss", "BOSS", "two words", ""])
def test_a_name_that_is_taken_or_does_not_fit_makes_no_user(boss, home, name):
    answer = boss.post("/users/new", new_user(home, username=name))
    assert answer.status_code == 200 and b"errorlist" in answer.content
    assert User.objects.count() == 1


def test_a_change_of_roles_and_sites_holds_at_the_next_request(boss, as_reader, reader, home, factories):
    study = factories.study(home)
    assert as_reader.get(f"/studies/{study.pk}/").status_code == 200
    boss.post(f"/users/{reader.pk}/", {"roles": ["radiologist"], "sites": []})
    assert as_reader.get(f"/studies/{study.pk}/").status_code == 404
    boss.post(f"/users/{reader.pk}/", {"roles": [], "sites": [str(home.pk)]})
    assert as_reader.get(f"/studies/{study.pk}/").status_code == 403


def test_a_change_of_roles_is_an_event_with_what_was(boss, reader, home):
    boss.post(f"/users/{reader.pk}/", {"roles": ["technologist", "radiologist"], "sites": [str(home.pk)]})
    detail = Event.objects.get(kind="roles").detail
    assert (detail["was"]["roles"], detail["to"]["roles"]) == (["radiologist"], ["technologist", "radiologist"])


def test_saving_what_was_there_is_no_event(boss, reader, home):
    boss.post(f"/users/{reader.pk}/", {"roles": ["radiologist"], "sites": [str(home.pk)]})
    assert not Event.objects.filter(kind="roles").exists()


def test_a_role_that_is_none_is_refused(boss, reader):
    answer = boss.post(f"/users/{reader.pk}/", {"roles": ["emperor"]})
    reader.refresh_from_db()
    assert answer.status_code == 200 and reader.roles == ["radiologist"]


def test_a_deactivation_ends_sessions_and_tokens_at_once(boss, as_reader, reader):
    AuthToken.objects.create(reader)
    sessions = Session.objects.count()
    boss.post(f"/users/{reader.pk}/deactivate")
    assert as_reader.get("/worklist/").status_code == 302
    assert Session.objects.count() == sessions - 1
    assert not AuthToken.objects.exists()
    assert Event.objects.filter(kind="deactivated").count() == 1


def test_an_activated_user_logs_in_again_but_no_old_session_lives(boss, as_reader, reader):
    boss.post(f"/users/{reader.pk}/deactivate")
    boss.post(f"/users/{reader.pk}/activate")
    assert as_reader.get("/worklist/").status_code == 302
    page = Client().post("/login/", {"username": "reader", "password": "a long enough password"})
    assert page.status_code == 302
    assert Event.objects.filter(kind="activated").count() == 1


def test_a_password_reset_ends_the_sessions_and_the_old_password(boss, as_reader, reader):
    AuthToken.objects.create(reader)
    answer = boss.post(f"/users/{reader.pk}/password")
    assert as_reader.get("/worklist/").status_code == 302
    assert not AuthToken.objects.exists()
    reader.refresh_from_db()
    assert reader.check_password(shown(answer)) and not reader.check_password("a long enough password")
    assert Event.objects.get(kind="password").detail["user"] == str(reader.pk)


def test_nobody_deactivates_themselves(boss, administrator, factories):
    factories.administrator()
    assert b"ask another administrator" in boss.post(f"/users/{administrator.pk}/deactivate", follow=True).content
    assert User.objects.get(pk=administrator.pk).is_active


def test_nobody_takes_the_administrators_role_from_themselves(boss, administrator, factories):
    factories.administrator()
    boss.post(f"/users/{administrator.pk}/", {"roles": ["radiologist"]})
    assert User.objects.get(pk=administrator.pk).roles == ["administrator"]


def test_the_list_names_everybody_with_role_and_state(boss, reader, factories):
    factories.person([], username="newcomer", is_active=False)
    text = boss.get("/users/").content.decode()
    assert "newcomer" in text and "no role yet" in text and "deactivated" in text and "Radiologist" in text
