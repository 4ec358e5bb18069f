"""A storage without paths, as S3 is: films are taken in, screened and shown, and a worker loads its model."""

import io
import os

import pytest
from django.core.files.storage import InMemoryStorage, default_storage

from screening import archive, intake, sandbox
from screening.models import Image, Study
from tests import factories
from tests.intake import films
from workers import engine, jobs, loading, versions

pytestmark = pytest.mark.django_db


class Elsewhere(InMemoryStorage):
    """What an object storage is to Django: names and bytes, and no file that another program could open."""

    def path(self, name):
        raise NotImplementedError

    def _relative_path(self, name):
        return os.path.normpath(name)


@pytest.fixture(autouse=True)
def elsewhere(settings):
    backend = {"BACKEND": f"{__name__}.{Elsewhere.__name__}"}
    settings.STORAGES = settings.STORAGES | {"default": backend}
    loading.forget()
    yield
    loading.forget()


def test_a_film_is_taken_in_screened_and_shown(client, model, home, reader):
    receipt = intake.receive(factories.batch(home), "film.png", factories.film_bytes())
    assert receipt.outcome == "accepted"
    engine.work()
    assert Study.objects.get().ai_state == "screened"
    client.force_login(reader)
    shown = client.get(f"/images/{Image.objects.get().pk}/viewing")
    assert shown.status_code == 200
    assert b"".join(shown.streaming_content).startswith(b"\x89PNG")


def test_an_archive_is_unpacked(model, home, monkeypatch, rung):
    monkeypatch.setattr(sandbox, "CHILDREN", 1)  # threads would not see this test's transaction
    batch = factories.batch(home, by=factories.technologist(home))
    job = archive.spool(batch, "films.zip", io.BytesIO(films.archive({"1.jpg": films.jpeg(1), "2.jpg": films.jpeg(2)})))
    jobs.unpack()
    assert {receipt.outcome for receipt in job.receipts.all()} == {"accepted"}
    assert Image.objects.count() == 2


def test_an_added_model_lies_on_a_disk(model, settings):
    with pytest.raises(NotImplementedError):
        default_storage.path("models")
    assert versions.folder(model.card_sha256) == settings.VAR / "models" / model.card_sha256
