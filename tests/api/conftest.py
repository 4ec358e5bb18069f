"""People and places of the API's tests. Whoever asks is logged in by a token, as programs are."""

import pytest


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
