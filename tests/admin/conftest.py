"""People and places of the administrators' tests."""

import pytest


@pytest.fixture
def administrator(factories):
    return factories.administrator(username="boss")


@pytest.fixture
def boss(administrator):
    """A client that is logged in as the administrator."""
    from django.test import Client

    client = Client()
    client.force_login(administrator)
    return client


@pytest.fixture
def shipped(monkeypatch, tmp_path, db):
    """The folder of the shipped models, with one stub `default` in it."""
    from ml import registry
    from tests import factories

    folder = tmp_path / "weights"
    folder.mkdir()
    factories.served_model(folder, name="default")
    monkeypatch.setattr(registry, "WEIGHTS", folder)
    return folder
