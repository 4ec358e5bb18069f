"""A modality's way in until FirstRead speaks DICOM itself: dcmtk's storescp writes into a watched folder."""

import shutil
import subprocess
import sys

import pytest
from django.conf import settings

from screening.models import Image, Receipt, Study
from tests import factories
from tests.deploy.conftest import free_port
from tests.faults.conftest import until
from tests.intake import films

pytestmark = pytest.mark.faults
PROGRAMS = ("storescp", "storescu", "dcmcjpeg", "echoscu")


@pytest.fixture(autouse=True)
def dcmtk():
    if missing := [each for each in PROGRAMS if not shutil.which(each)]:
        pytest.skip(f"no {', '.join(missing)} on PATH (apt-get install dcmtk)")


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "watched"
    path.mkdir()
    return path


@pytest.fixture
def port(dcmtk, folder):
    """The port of a storescp that writes into the folder, as docs/uploading.md starts it."""
    number = str(free_port())
    command = ["storescp", "--fork", "+xa", "+B", "+uf", "-fe", ".dcm", "-aet", "FIRSTREAD", "-od", folder, number]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as listening:
        ask = ["echoscu", "--quiet", "127.0.0.1", number]
        until(lambda: subprocess.run(ask).returncode == 0, 60, "storescp answers")
        yield number
        listening.kill()


@pytest.fixture
def watching(process_environment, folder):
    factories.active_model()
    factories.site("ward")
    command = [sys.executable, "manage.py", "watch", folder, "--settle", "1"]
    with subprocess.Popen(
        command, env=process_environment, cwd=settings.ROOT, stderr=subprocess.PIPE, text=True
    ) as run:
        yield run
        run.terminate()
        _, said = run.communicate(timeout=60)
        assert run.returncode == 0, said


def send(port, path, *options):
    subprocess.run(["storescu", *options, "-aec", "FIRSTREAD", "127.0.0.1", port, path], check=True)


def test_a_film_sent_by_dicom_becomes_a_study(port, watching, folder, tmp_path):
    (tmp_path / "film.dcm").write_bytes(films.dicom(1, PatientID="G7"))
    send(port, tmp_path / "film.dcm")
    study = until(Study.objects.first, 60, "the study")
    assert study.patient_id == "G7"
    assert Receipt.objects.get().outcome == "accepted"
    until(lambda: list((folder / "done").rglob("*.dcm")), 60, "the file in done")


def test_a_jpeg_lossless_film_arrives_as_it_was_sent(port, watching, tmp_path):
    (tmp_path / "plain.dcm").write_bytes(films.dicom(1))
    subprocess.run(["dcmcjpeg", "+e1", tmp_path / "plain.dcm", tmp_path / "film.dcm"], check=True)
    send(port, tmp_path / "film.dcm", "--propose-lossless")
    image = until(Image.objects.first, 60, "the picture")
    assert image.transfer_syntax == "1.2.840.10008.1.2.4.70"
    assert image.gate == ""


def test_a_film_that_is_sent_twice_is_a_duplicate(port, watching, tmp_path):
    (tmp_path / "film.dcm").write_bytes(films.dicom(1))
    for _ in range(2):
        send(port, tmp_path / "film.dcm")
    until(lambda: Receipt.objects.count() == 2, 60, "both receipts")
    assert sorted(Receipt.objects.values_list("outcome", flat=True)) == ["accepted", "duplicate"]
    assert Image.objects.count() == 1
