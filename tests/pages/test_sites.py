"""A site's page: whether its films are de-identified on the way in, and how much it takes a day."""

import html
import re
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from screening import hours, switching
from screening.models import Event, Priority, Site


@pytest.fixture
def client(as_person, factories):
    return as_person(factories.administrator())


def fields(page):
    """What the form of a page would send as it stands."""
    found = page.context["form"]
    return {name: found[name].value() for name in found.fields if found[name].value() not in (None, False)}


def shown(page):
    """What the form's page says that it showed: {name: [values]}."""
    found = {}
    for name, value in re.findall(r'<input type="hidden" name="(initial-\w+)" value="([^"]*)"', page.content.decode()):
        found.setdefault(name, []).append(html.unescape(value))
    return found


def test_deidentification_is_switched_with_its_explanation_beside_it(client, home):
    page = client.get(f"/sites/{home.pk}/")
    text = re.sub(r"\s+", " ", page.content.decode())
    assert "De-identify films on the way in" in text
    assert "names and IDs become pseudonyms" in text
    client.post(f"/sites/{home.pk}/", fields(page) | {"deidentify": "on"})
    assert Site.objects.get(pk=home.pk).deidentify
    assert Event.objects.get(kind="site").detail["changed"] == {"deidentify": [False, True]}
    assert "de-identified" in client.get("/sites/").content.decode()


@pytest.mark.parametrize("name", ["daily_files", "daily_gigabytes", "daily_files_a_user"])
def test_a_quota_is_set_and_is_at_least_one(client, home, name):
    page = client.get(f"/sites/{home.pk}/")
    client.post(f"/sites/{home.pk}/", fields(page) | {name: "7"})
    assert getattr(Site.objects.get(pk=home.pk), name) == 7
    client.post(f"/sites/{home.pk}/", fields(page) | {name: "0"})
    assert getattr(Site.objects.get(pk=home.pk), name) == 7


OFFICE = {"opens": "08:00", "closes": "17:00", "reading_days": [0, 1, 2, 3, 4], "time_zone": "Europe/Berlin"}


def test_reading_hours_are_set_told_and_move_the_limits(client, home, factories):
    study = factories.study(home)
    client.post(f"/sites/{home.pk}/", fields(client.get(f"/sites/{home.pk}/")) | OFFICE)
    site = Site.objects.get(pk=home.pk)
    assert (f"{site.opens:%H:%M}", site.reading_days, site.time_zone) == ("08:00", [0, 1, 2, 3, 4], "Europe/Berlin")
    told = Event.objects.get(kind="site").detail["changed"]
    assert told["opens"] == ["00:00", "08:00"] and told["reading_days"] == [[0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4]]
    study.refresh_from_db()
    assert study.cap_at == hours.of(site).after(study.received_at, timedelta(hours=8))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("reading_days", [], "one day of the week at least"),
        ("closes", "07:00", "Reading ends on the day it begins"),
        ("time_zone", "Mars/Olympus", "Select a valid choice"),
        ("second_read_share", "2", "less than or equal to 1"),
        ("webhook_url", "no address", "Enter a valid URL"),
    ],
)
def test_a_setting_that_cannot_be_is_said_beside_its_field(client, home, name, value, said):
    page = client.get(f"/sites/{home.pk}/")
    answer = client.post(f"/sites/{home.pk}/", fields(page) | OFFICE | {name: value})
    assert said in str(answer.context["form"].errors[name])
    assert Site.objects.get(pk=home.pk).opens.hour == 0


def test_a_time_zone_that_does_not_exist_is_an_error_of_its_field(home):
    home.time_zone = "Mars/Olympus"
    with pytest.raises(ValidationError) as refused:
        home.full_clean()
    assert list(refused.value.message_dict) == ["time_zone"]


def test_the_webhook_and_the_readers_settings_are_told(client, home):
    changed = {"webhook_url": "https://ward.example/notices", "blind_first": "on", "second_read_share": "0.2"}
    client.post(f"/sites/{home.pk}/", fields(client.get(f"/sites/{home.pk}/")) | changed)
    assert set(Event.objects.get(kind="site").detail["changed"]) == set(changed)


def test_limits_are_proposed_by_what_the_waits_were(client, home, monkeypatch):
    proposed = {Priority.STAT: timedelta(minutes=25), Priority.URGENT: None, Priority.ROUTINE: timedelta(hours=6)}
    monkeypatch.setattr("screening.turnaround.proposed_limits", lambda site: proposed)
    text = re.sub(r"<[^>]+>", "", client.get(f"/sites/{home.pk}/").content.decode())
    assert "stat 25 minutes, routine 360 minutes" in text


def test_what_somebody_else_has_switched_since_the_page_was_opened_stays(client, home, factories):
    page = client.get(f"/sites/{home.pk}/")
    switching.switch_ai_order(home, False, factories.administrator())
    client.post(f"/sites/{home.pk}/", shown(page) | fields(page) | {"prevalence": "0.17"})
    kept = Site.objects.get(pk=home.pk)
    assert (kept.ai_order, kept.prevalence) == (False, 0.17)
    assert Event.objects.get(kind="site").detail["changed"].keys() == {"prevalence"}
