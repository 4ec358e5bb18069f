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
    import hashlib
    import json

    from ml import registry
    from tests import factories

    weights = b"weights of a stub"
    card = factories.CARD | {"name": "default", "weights": "default.weights.h5"}
    card["weights_sha256"] = hashlib.sha256(weights).hexdigest()
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "default.weights.h5").write_bytes(weights)
    (folder / "default.json").write_text(json.dumps(card))
    monkeypatch.setattr(registry, "WEIGHTS", folder)
    return folder
