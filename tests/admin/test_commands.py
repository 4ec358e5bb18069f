"""Users, sites and models from the command line: the same functions, the same Events, nobody as the actor."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from screening.models import Event, ModelVersion, Site, User
from workers import promoting


def run(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def refusal(*arguments):
    with pytest.raises(CommandError) as refused:
        run(*arguments)
    return str(refused.value)


def test_a_user_is_created_with_roles_and_sites_and_a_password_that_is_printed(home):
    out = run("user", "create", "reader", "--role", "radiologist", "--role", "administrator", "--site", "home")
    user = User.objects.get(username="reader")
    assert user.check_password(re.search(r"once: (\S+)", out)[1])
    assert (user.roles, list(user.sites.all())) == (["radiologist", "administrator"], [home])
    assert Event.objects.get(kind="user_created").actor is None


def test_access_replaces_what_was_held(factories, home):
    user = factories.radiologist(home)
    run("user", "access", user.username, "--role", "technologist")
    user.refresh_from_db()
    assert (user.roles, list(user.sites.all())) == (["technologist"], [])


def test_a_password_is_reset(factories, home):
    user = factories.radiologist(home, password="an old long password")
    out = run("user", "password", user.username)
    user.refresh_from_db()
    assert user.check_password(re.search(r"once: (\S+)", out)[1])


def test_the_last_administrator_stays(administrator):
    with pytest.raises(CommandError, match="last administrator"):
        run("user", "deactivate", "boss")
    with pytest.raises(CommandError, match="last administrator"):
        run("user", "access", "boss", "--role", "radiologist")
    administrator.refresh_from_db()
    assert administrator.is_active and administrator.roles == ["administrator"]


def test_a_deactivated_administrator_does_not_count_as_one(administrator, factories):
    factories.administrator(is_active=False)
    with pytest.raises(CommandError, match="last administrator"):
        run("user", "deactivate", "boss")


def test_another_administrator_lets_the_first_go(administrator, factories):
    factories.administrator()
    run("user", "deactivate", "boss")
    run("user", "activate", "boss")
    assert list(Event.objects.values_list("kind", flat=True)) == ["deactivated", "activated"]


def test_names_that_are_none_are_said_so(home):
    with pytest.raises(CommandError, match="no user nobody"):
        run("user", "password", "nobody")
    with pytest.raises(CommandError, match="no site nowhere"):
        run("user", "create", "reader", "--site", "nowhere")
    with pytest.raises(CommandError, match="no site nowhere"):
        run("site", "change", "nowhere", "--name", "x")


def test_users_and_sites_are_listed(factories, home):
    factories.radiologist(home, username="reader")
    assert "reader  radiologist  at home" in run("user", "list")
    assert "home  Site home  due_time  60/240/480 min" in run("site", "list")


def test_a_site_is_created_and_changed(db):
    run("site", "create", "north", "--name", "North", "--cap-routine", "600")
    run("site", "change", "north", "--policy", "fifo")
    site = Site.objects.get()
    assert (site.name, site.cap_routine, site.policy) == ("North", 600, "fifo")
    assert Event.objects.filter(kind="site").count() == 2


def test_a_site_that_does_not_fit_is_refused(db):
    with pytest.raises(CommandError):
        run("site", "create", "north", "--name", "North", "--prevalence", "7")
    assert not Site.objects.exists()


def test_a_model_that_is_not_here_is_not_promoted(db):
    with pytest.raises(CommandError, match="no model nothing"):
        run("model", "promote", "nothing")


def test_a_shipped_model_is_activated_and_its_event_names_the_weights(shipped, factories):
    factories.active_model()
    promoting.register_shipped()
    run("model", "promote", "default")
    active = ModelVersion.objects.get(active=True)
    assert (active.name, Event.objects.get(kind="model").detail["sha256"]) == ("default", active.sha256)
    assert "is the active model already" in refusal("model", "promote", "default")


def test_weights_that_differ_from_their_card_are_not_promoted(shipped, factories):
    factories.active_model()
    factories.served_model(shipped, "differs", name="default")
    promoting.register_shipped()
    (shipped / "default.weights.h5").write_bytes(b"others")
    assert "differ" in refusal("model", "promote", "default")
    assert not ModelVersion.objects.filter(active=True, name="default").exists()


def test_a_first_start_with_weights_that_differ_says_so_in_a_sentence(shipped, factories):
    factories.served_model(shipped, "differs too", name="default")
    (shipped / "default.weights.h5").write_bytes(b"others")
    assert "differ" in refusal("bootstrap")
    assert not ModelVersion.objects.filter(active=True).exists()
