"""People and places of the page tests."""

import pytest


@pytest.fixture
def as_person():
    """A function: a fresh client that is logged in as the given person."""
    from django.test import Client

    def logged_in(person):
        client = Client()
        client.force_login(person)
        return client

    return logged_in
