"""A site with a model and a batch to send into; files go to a folder of the test's own."""

import pytest


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """The storage of this test: a folder that can be looked into."""
    folder = tmp_path / "media"
    backend = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(folder)}}
    settings.STORAGES = settings.STORAGES | {"default": backend}
    return folder


@pytest.fixture
def stored(media):
    """A function: how many files lie in storage."""
    return lambda: sum(path.is_file() for path in media.rglob("*"))


@pytest.fixture
def batch(db):
    from tests import factories

    factories.active_model()
    return factories.batch(factories.site())
