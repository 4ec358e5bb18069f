"""R29: a ledger of an earlier moment beside the files of now: the command says exactly what differs."""

import hashlib
import subprocess

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from deploy import backup
from screening import intake
from screening.models import Image
from tests import factories
from tests.faults import checker
from tests.intake import films

pytestmark = pytest.mark.faults


def verify(installation):
    """(exit code, [(kind, name)]) of the command."""
    try:
        said = installation.manage("verify_storage", "--minutes", "0", "--read")
    except subprocess.CalledProcessError as ended:
        return ended.returncode, [tuple(line.split()[:2]) for line in ended.stdout.splitlines()]
    assert said == "Ledger and storage agree.\n"
    return 0, []


def test_a_restored_ledger_is_held_against_the_files_and_the_difference_is_mended(installation, tmp_path):
    factories.active_model()
    batch = factories.batch(factories.site("home"))
    for seed in range(5):
        intake.receive(batch, f"{seed}.jpg", films.jpeg(seed))
    media = installation.var / "media"
    backup.save(tmp_path / "saved", installation.environment["DATABASE_URL"], media)
    for seed in range(5, 8):
        intake.receive(batch, f"{seed}.jpg", films.jpeg(seed))
    later = {
        each.name
        for image in Image.objects.order_by("received_at")[5:]
        for each in (image.original, image.viewing, image.model_input)
    }
    assert len(later) == 9
    connection.close()
    backup.restore(tmp_path / "saved", installation.environment["DATABASE_URL"], media)
    lost = Image.objects.first().viewing.name
    default_storage.delete(lost)
    code, told = verify(installation)
    assert code == 1
    assert set(told) == {("missing", lost)} | {("stray", name) for name in later}
    assert len(told) == 10

    originals = [media / name for name in later if name.startswith("originals/")]
    installation.manage("ingest", *map(str, originals), "--site", "home")
    for name in later:
        default_storage.delete(name)
    assert Image.objects.count() == 8
    default_storage.save(lost, ContentFile((tmp_path / "saved" / "media" / lost).read_bytes()))
    assert verify(installation) == (0, [])
    checker.check(acknowledged=[hashlib.sha256(films.jpeg(seed)).hexdigest() for seed in range(8)], bound_s=600)
