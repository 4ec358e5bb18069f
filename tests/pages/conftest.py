"""People and places of the page tests."""

import pytest


@pytest.fixture
def factories(db):
    """tests.factories, imported late: Django is set up after the conftests are read."""
    from tests import factories

    return factories


@pytest.fixture
def home(factories):
    return factories.site()


@pytest.fixture
def away(factories):
    return factories.site()


@pytest.fixture
def model(factories):
    return factories.active_model()


@pytest.fixture
def reader(factories, home):
    return factories.radiologist(home)


@pytest.fixture
def sender(factories, home):
    return factories.technologist(home)


@pytest.fixture
def as_person():
    """A function: a fresh client that is logged in as the given person."""
    from django.test import Client

    def logged_in(person):
        client = Client()
        client.force_login(person)
        return client

    return logged_in
