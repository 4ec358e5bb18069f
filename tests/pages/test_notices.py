"""The notices: the line on top, their page, and a site's webhook."""

import pytest

from screening import notices
from screening.models import Job, Notice, Priority, User
from webportal.views import notices as views


@pytest.fixture
def notice(factories, home, model):
    factories.screened(factories.study(home, priority=Priority.STAT), 0.9)
    notices.gather()
    return Notice.objects.get()


@pytest.fixture
def admin(factories, as_person, home):
    return as_person(factories.administrator(home))


@pytest.fixture
def hooked(home):
    home.webhook_url = "http://127.0.0.1:9/"
    home.save()
    return home


def test_the_bell_counts_what_is_new_until_it_was_looked_at(as_person, reader, notice):
    client = as_person(reader)
    assert "1<span" in client.get("/notices/bell").content.decode()
    page = client.get("/notices/").content.decode()
    assert "likely pneumonia waits for a reader" in page
    assert ">new<" in page
    assert "<b>" not in client.get("/notices/bell").content.decode()
    assert ">new<" not in client.get("/notices/").content.decode()


def test_the_bell_says_aloud_only_what_came_since_the_page_asked_last(as_person, reader, notice):
    client = as_person(reader)
    said = "waits for a reader"
    assert said not in client.get("/notices/bell").content.decode()
    assert said in client.get("/notices/bell?had=").content.decode()
    assert said not in client.get(f"/notices/bell?had={notice.pk}").content.decode()


def test_a_notice_leads_to_its_study_and_not_for_others(as_person, factories, reader, home, notice):
    assert as_person(reader).get(f"/notices/{notice.pk}").url == f"/studies/{notice.study_id}/"
    assert as_person(factories.technologist(home)).get(f"/notices/{notice.pk}").status_code == 404


def test_without_notices_the_page_says_what_would_come(as_person, reader):
    assert "Nothing to tell" in as_person(reader).get("/notices/").content.decode()


def test_e_mail_is_asked_for_with_an_address(as_person, reader, settings):
    settings.MAIL = {"EMAIL_HOST": "localhost"}
    client = as_person(reader)
    refused = client.post("/notices/", {"mail_notices": "on", "email": ""}).content.decode()
    assert "Give the address" in refused
    client.post("/notices/", {"mail_notices": "on", "email": "reader@example.org"})
    reader.refresh_from_db()
    assert (reader.mail_notices, reader.email) == (True, "reader@example.org")


def test_a_webhooks_key_is_shown_once(admin, hooked):
    page = f"/sites/{hooked.pk}/webhook"
    assert "whsec_" not in admin.get(page).content.decode()
    shown = admin.post(f"{page}/key")
    hooked.refresh_from_db()
    assert hooked.webhook_key in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    assert "whsec_" not in admin.get(page).content.decode()


def test_a_trial_that_is_not_taken_says_so(admin, hooked):
    admin.post(f"/sites/{hooked.pk}/webhook/key")
    page = admin.post(f"/sites/{hooked.pk}/webhook/test", follow=True).content.decode()
    assert "The webhook did not answer" in page


def test_the_last_deliveries_stand_on_the_webhooks_page(admin, hooked, notice):
    Job.objects.create(kind=Job.Kind.WEBHOOK, notice=notice, error_sentence="The webhook answered 500.", attempts=3)
    page = admin.get(f"/sites/{hooked.pk}/webhook").content.decode()
    assert "The webhook answered 500." in page and "<td>3<span" in page


def test_a_site_without_a_webhook_says_where_to_give_one(admin, home):
    assert "This site has no webhook" in admin.get(f"/sites/{home.pk}/webhook").content.decode()


def test_saving_the_own_notices_brings_no_login_back_that_was_ended_meanwhile(as_person, reader, monkeypatch):
    client, clean = as_person(reader), views.MailForm.clean

    def meanwhile(form):
        User.objects.filter(pk=reader.pk).update(is_active=False, roles=[])
        return clean(form)

    monkeypatch.setattr(views.MailForm, "clean", meanwhile)
    assert client.post("/notices/", {"email": "rad@example.org"}).status_code == 302
    reader.refresh_from_db()
    assert (reader.is_active, reader.roles, reader.email) == (False, [], "rad@example.org")
