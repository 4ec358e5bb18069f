"""What the tests of workers share."""

import pytest


@pytest.fixture
def rung(rung, monkeypatch):
    """As everywhere; and nothing waits in the broker."""
    monkeypatch.setattr("workers.dispatch.backlog", lambda queue: 0)
    return rung
