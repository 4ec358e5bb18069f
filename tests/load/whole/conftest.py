"""Load on a whole installation: the one of tests/faults (fsync on), with what is worked there by real programs."""

import os

import pytest

# Its fixtures are this folder's too.
from tests.faults.conftest import db, installation, process_environment, started, transactional_db  # noqa: F401

SHIPPED = {"RUNTIME": "ml.runtime.auto"}


@pytest.fixture
def shipped(installation, monkeypatch):  # noqa: F811
    """The installation, its shipped model registered and exported: a worker that had to do that as well could spend
    the time limit of a lease as short as these on it, on a machine that is busy."""
    own = installation.environment | {f"FIRSTREAD_{name}": value for name, value in SHIPPED.items()}
    with monkeypatch.context() as patched:
        patched.setattr(installation, "environment", own)
        installation.manage("bootstrap")
    return installation


@pytest.fixture
def say(record_property, capsys):
    """A function that prints a line of figures ({name: number}) and leaves them in the report."""

    def say(title, **figures):
        for name, figure in figures.items():
            record_property(f"{title}: {name}", round(figure, 3))
        with capsys.disabled():
            words = ", ".join(f"{name} {figure:.3g}" for name, figure in figures.items())
            print(f"\n  {title}: {words} (machine's load {os.getloadavg()[0]:.1f})")

    return say
