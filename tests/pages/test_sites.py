"""A site's page: whether its films are de-identified on the way in, and how much it takes a day."""

import re

import pytest

from screening.models import Event, Site


@pytest.fixture
def client(as_person, factories):
    return as_person(factories.administrator())


def fields(page):
    """What the form of a page would send as it stands."""
    found = page.context["form"]
    return {name: found[name].value() for name in found.fields if found[name].value() not in (None, False)}


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
