"""A sender with a batch at a site with a model, and what must hold of every file that is sent, whatever it is."""

import contextlib
import resource
import tempfile
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.api.conftest import as_sender, by_token  # noqa: F401
from tests.intake.conftest import media, stored  # noqa: F401

LONGEST_S = 20
MOST_KB = 300 * 2**10
FOLDERS = {"originals", "renditions"}


@contextlib.contextmanager
def within_limits():
    """The block is short enough, and this process's memory does not rise by more than a portal may take."""
    began, kilobytes = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert time.monotonic() - began < LONGEST_S
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - kilobytes < MOST_KB


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """Where this process's temporary files go; nothing of any file may stay there."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert not list(folder.iterdir())


@pytest.fixture
def rung(monkeypatch):
    """The screenings that workers were rung for."""
    from workers import dispatch

    rings = []
    monkeypatch.setattr(dispatch, "ring", rings.extend)
    monkeypatch.setattr(dispatch, "ring_for_job", lambda job: None)
    return rings


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Threads would not see this test's transaction."""
    monkeypatch.setattr("screening.sandbox.CHILDREN", 1)


@pytest.fixture
def batch(factories, media, model, home, sender):  # noqa: F811
    return factories.batch(home, by=sender)


@pytest.fixture
def send(as_sender, batch, rung):  # noqa: F811
    """A function: send one file by the API, as a program does; its answer, which came in time and is no 500."""

    def send(data, name="film", to=None, **headers):
        form = {"file": SimpleUploadedFile(name, data)}
        with within_limits():
            answer = as_sender.post(f"/api/v1/batches/{(to or batch).pk}/files", form, format="multipart", **headers)
        assert answer.status_code < 500
        assert "Traceback" not in answer.content.decode()
        return answer

    return send


@pytest.fixture
def holds(media, stored, rung):  # noqa: F811
    """A function: what holds of the ledger and the storage, whatever was sent."""
    from screening.models import Image, Receipt, Screening, Study

    def holds():
        images, screenings = Image.objects.all(), Screening.objects.all()
        scored = {image.pk for image in images if not image.gate}
        assert {each.image_id for each in screenings} == scored
        assert set(rung) == {each.pk for each in screenings}
        assert Study.objects.count() == len({image.study_id for image in images})
        assert stored() == sum(1 if image.gate == "undecodable" else 3 for image in images)
        taken = Receipt.objects.filter(outcome="accepted")
        assert {each.image_id for each in taken} == {image.pk for image in images}
        assert not Receipt.objects.filter(outcome__in=("rejected", "skipped"), image__isnull=False).exists()
        assert not Receipt.objects.filter(outcome="rejected", sentence="").exists()
        written = [path.relative_to(media) for path in media.parent.rglob("*") if path.is_file()]
        assert {path.parts[0] for path in written} <= FOLDERS

    return holds


@pytest.fixture
def unpacked(send, media):  # noqa: F811
    """A function: send an archive, unpack it, and its entries as [(name, outcome, code)] in their order."""
    from screening.models import Receipt
    from workers import jobs

    def unpacked(data, name="cd.zip"):
        answer = send(data, name)
        assert answer.status_code == 202
        with within_limits():
            jobs.unpack()
        assert not list((media / "archives").rglob("*.*"))
        receipts = Receipt.objects.filter(job=answer.json()["archive"]["id"]).order_by("entry")
        return [(each.name, each.outcome, each.reason) for each in receipts]

    return unpacked
