"""People and places of the API's tests. Whoever asks is logged in by a token, as programs are."""

import pytest


@pytest.fixture
def factories(db):
    """tests.factories, imported late: Django is set up after the conftests are read."""
    from tests import factories

    return factories


@pytest.fixture
def home(factories):
    return factories.site("home")


@pytest.fixture
def away(factories):
    return factories.site("away")


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
def by_token(db):
    """A function: a client that sends a token of the given person with each request."""
    from knox.models import AuthToken
    from rest_framework.test import APIClient

    def client_of(person):
        client = APIClient(enforce_csrf_checks=True)
        client.default_format = "json"
        client.credentials(HTTP_AUTHORIZATION=f"Token {AuthToken.objects.create(person)[1]}")
        return client

    return client_of


@pytest.fixture
def as_reader(by_token, reader):
    return by_token(reader)


@pytest.fixture
def as_sender(by_token, sender):
    return by_token(sender)
