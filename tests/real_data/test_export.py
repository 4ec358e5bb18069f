"""Real films go in at the door, are read, and leave again: the trainer then reads what serving had read."""

import csv

import numpy as np
import pytest
from django.core.management import call_command

from ml import data, preprocess
from screening.models import Image, Study
from tests import factories
from tests.intake.conftest import media  # noqa: F401

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.usefixtures("media")]


def test_the_trainer_gets_the_tensors_of_serving(films, tmp_path, settings):
    settings.VAR = tmp_path
    site = factories.site("ward")
    for label, finding in (("NORMAL", "absent"), ("PNEUMONIA", "present")):
        paths = sorted(map(str, (films / "originals" / label).iterdir()))[:3]
        call_command("ingest", *paths, "--site", "ward")
        for study in Study.objects.exclude(status="read"):
            factories.read(study, factories.radiologist(site), finding)
    call_command("export_dataset", "--out", str(tmp_path / "out"), "--study-as-patient")
    samples = data.load(tmp_path / "out")
    exported, _, unreadable = data.render(samples, 160)
    assert [sample.label for sample in samples].count(1) == 3 and not unreadable
    served = {_served(image) for image in Image.objects.all()}
    assert {tensor.tobytes() for tensor in exported} == served
    names = [path.stem for path in films.glob("originals/*/*")]
    with (tmp_path / "out" / "manifest.csv").open(newline="") as file:
        assert not any(name in str(row) for row in csv.DictReader(file) for name in names)


def _served(image):
    with image.model_input.open("rb") as file:
        return np.asarray(preprocess.to_tensor(preprocess.load_rendition(file.read()), 160)).tobytes()
