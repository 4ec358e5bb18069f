"""Thousands of films as five ZIPs through the whole installation with the shipped model: none lost, none doubled.

FIRSTREAD_LOAD_FILMS says how many (5,000 unless set).
"""

import hashlib
import io
import os
import time
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from ml import phantom
from screening.models import Image, ModelVersion, Prediction, Receipt
from tests.bench import drawn
from tests.bench.screening import ideal
from tests.faults import checker
from tests.faults.conftest import all_ended, until
from tests.installation import MUCH
from tests.load.people import Visitor
from tests.load.whole.conftest import SHIPPED
from workers import versions

pytestmark = [pytest.mark.load, pytest.mark.slow]
FILMS = int(os.environ.get("FIRSTREAD_LOAD_FILMS", "5000"))
ZIPS, BARE = 5, 320
SIDES = (224, 320, 512, 768, 1024)
DICOM_EVERY = 10
LONGEST_S = max(1800, 2 * FILMS)


def films(count):
    """{name: bytes} of so many different films of all SIDES: JPEG, every tenth DICOM."""
    chests = {side: phantom.draw(side, False, (side, side)) for side in SIDES}
    found = {}
    for number in range(count):
        chest = drawn.marked(chests[SIDES[number % len(SIDES)]], number)
        # The tens are of every size in turn.
        dicom = (number + number // DICOM_EVERY) % DICOM_EVERY == 0
        kind = ".dcm" if dicom else ".jpg"
        found[f"{number}{kind}"] = drawn.file_of(chest, kind, number)
    return found


def packed(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def bare():
    """Seconds a film of the shipped model alone, read from the renditions that are stored, in this process."""
    card = versions.card_of(ModelVersion.objects.get(active=True))
    paths = [Path(image.model_input.path) for image in Image.objects.exclude(model_input="")[:BARE]]
    import ml.runtime.auto

    loop = ideal.Loop(card, ml.runtime.auto, settings.BATCH_SIZE)
    return min(loop.from_renditions(paths) for _ in range(3)) / len(paths)


def kill_and_start(installation, worker):
    """Kill the screening worker, Redis and PostgreSQL, each once, as the films come in."""
    for share, kill in ((0.1, "worker"), (0.4, "redis"), (0.7, "postgres")):
        until(lambda share=share: Prediction.objects.count() >= share * FILMS, LONGEST_S, f"{share} of the films")
        if kill == "worker":
            worker.kill()
            worker = installation.start("screening", **SHIPPED)
            continue
        store = getattr(installation, kill)
        connection.close()
        store.kill()
        store.start()


@pytest.mark.parametrize("killing", [False, True], ids=["undisturbed", "one kill of worker, Redis and PostgreSQL"])
def test_every_film_of_five_zips_is_accepted_and_screened_once(shipped, factories, say, killing):
    site, said, sent = factories.site("bulk", **MUCH), [], films(FILMS)
    names = list(sent)
    shares = [{name: sent[name] for name in names[number::ZIPS]} for number in range(ZIPS)]
    for kind in ("beat", "operations"):
        shipped.start(kind)
    worker = shipped.started("screening", **SHIPPED)
    shipped.started("portal")
    visitor = Visitor(shipped.address, factories.technologist(site), said)
    began = time.monotonic()
    for number, share in enumerate(shares):
        assert visitor.send(visitor.begin(site.code), f"{number}.zip", packed(share)) in (200, 202)
    answered = time.monotonic() - began
    if killing:
        kill_and_start(shipped, worker)
    until(lambda: Receipt.objects.count() == FILMS and all_ended(), LONGEST_S, "every film taken and screened")
    took = time.monotonic() - began
    accepted = Receipt.objects.filter(outcome="accepted").count()
    assert accepted == Image.objects.count() == Prediction.objects.count() == FILMS
    assert Prediction.objects.values("image").distinct().count() == FILMS
    checker.check(acknowledged=[hashlib.sha256(data).hexdigest() for data in sent.values()])
    alone = FILMS * bare()
    say(f"{FILMS} films", took_s=took, zips_answered_s=answered, bare_model_s=alone, bare_by_whole=alone / took)
