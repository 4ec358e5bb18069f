"""A ResNet50 promoted and served in real time: a real worker answers an upload through the API while it waits."""

import hashlib
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from ml import canary, outputs, registry
from ml import card as cards
from screening.models import Heartbeat, Role
from tests import factories
from tests.faults.conftest import until
from tests.intake import films
from workers import adding, promoting

pytestmark = [pytest.mark.faults, pytest.mark.slow]
SIDE = 224


@pytest.fixture
def resnet50(installation, tmp_path, settings):
    """The version of a ResNet50 with weights of chance, taken in and promoted as any other."""
    settings.RUNTIME = "ml.runtime.tensorflow"
    members = [{"architecture": "resnet50", "side": SIDE}]
    named = {"name": "resnet50", "architecture": "resnet50", "members": members, "input_side": SIDE, "domain": None}
    path = factories.served_model(tmp_path, **named)
    card = cards.load(path)
    network = registry.assemble(card)
    network.save_weights(card.weights_path)
    logit = float(outputs.ByKeras(network).predict(canary.film(canary.SEED, SIDE)).logits[0])
    content = json.loads(path.read_text()) | {
        "weights_sha256": hashlib.sha256(card.weights_path.read_bytes()).hexdigest(),
        "canary": {"seed": canary.SEED, "logit": logit, "tolerance": canary.TOLERANCE},
    }
    path.write_text(json.dumps(content))
    return promoting.promote(adding.add(path)[0])


def test_a_promoted_resnet50_answers_an_upload_while_it_waits(resnet50, installation):
    installation.start("screening", RUNTIME="ml.runtime.tensorflow")
    installation.start("sweeper")
    at_work = Heartbeat.objects.filter(loaded__contains=[resnet50.card_sha256])
    until(at_work.exists, 120, "the worker has loaded the network")
    client = APIClient()
    client.force_authenticate(factories.person(Role.TECHNOLOGIST, factories.site()))
    form = {"file": SimpleUploadedFile("film.jpeg", films.jpeg())}
    answer = client.post("/api/v1/uploads?wait=20", form, format="multipart")
    assert answer.status_code == 201, answer.content
    found = answer.json()["receipt"]["prediction"]
    assert found["model"]["name"] == "resnet50"
    assert found["model"]["sha256"] == resnet50.sha256
    assert 0 < found["probability"] < 1
