"""Builders for tests: each reaches its state by the real moves, never by writing the status.

Import it inside tests or fixtures, or at module top of a test file: Django is set up by tests/conftest.py before.
"""

import hashlib
import io
import itertools
import json
import math
import uuid
from datetime import timedelta
from functools import cache

import numpy as np
from django.core.files.base import ContentFile
from PIL import Image as Picture

from ml import pixels, preprocess
from screening import handling, order, queue, reading, rollout, standing, worklist
from screening.models import Batch, Image, ModelVersion, Priority, Role, Screening, Site, Study, User
from workers import versions

_numbers = itertools.count(1)

# A complete card of a model whose p is sigmoid(logit): temperature 1, calibrated where it is used.
CARD = {
    "name": "stub",
    "version": "1",
    "schema": 2,
    "architecture": "stub",
    "members": [{"architecture": "stub", "side": 32}],
    "classes": ["normal", "pneumonia"],
    "input_side": 32,
    "preprocess_version": preprocess.PREPROCESS_VERSION,
    "weights": "stub.weights.h5",
    "weights_sha256": "0" * 64,
    "data": {"name": "phantoms", "manifest_sha256": "0" * 64, "films": 0, "patients": 0},
    "split": {"by": "patient", "seed": 1, "fraction": 0.1},
    "temperature": 1.0,
    "calibration_prevalence": 0.20,
    "calibration": {"before": {"ece": 0.05, "brier": 0.10}, "after": {"ece": 0.01, "brier": 0.08}},
    "operating_points": {"likely": 0.70, "uncertain": 0.30},
    "band_rates": {
        "likely": {"pneumonia": 0.80, "other": 0.05},
        "uncertain": {"pneumonia": 0.15, "other": 0.15},
        "less_likely": {"pneumonia": 0.05, "other": 0.80},
    },
    "ppv_table": {},
    "figures": {"auc": 0.95},
    "domain": {
        "components": 4,
        "limit": 2.0,
        "false_reject": {"value": 0.01, "interval": [0.0, 0.03], "films": 100},
    },
    "canary": {"seed": 1, "logit": -0.896, "tolerance": 0.001},  # as the stub scores it
    "age_range": [1, 5],
    "limits": [],
    "credit": "",
    "curves": [],
    "report": "stub.report.html",
}


def band_of(p):
    """The band that CARD gives to p."""
    points = CARD["operating_points"]
    return "likely" if p >= points["likely"] else "uncertain" if p >= points["uncertain"] else "less_likely"


def site(code=None, **fields):
    code = code or f"site-{next(_numbers)}"
    return Site.objects.create(code=code, name=fields.pop("name", f"Site {code}"), **fields)


def person(role=Role.RADIOLOGIST, *sites, password=None, **fields):
    """A user with one role (or a list of them) at the given sites. Without `password` log in by client.force_login."""
    roles = [role] if isinstance(role, str) else list(role)
    name = fields.pop("username", f"{roles[0] if roles else 'nobody'}{next(_numbers)}")
    made = User.objects.create_user(name, password=password, roles=[str(each) for each in roles], **fields)
    made.sites.set(sites)
    return made


def radiologist(*sites, **fields):
    return person(Role.RADIOLOGIST, *sites, **fields)


def technologist(*sites, **fields):
    return person(Role.TECHNOLOGIST, *sites, **fields)


def administrator(*sites, **fields):
    return person(Role.ADMINISTRATOR, *sites, **fields)


def model(version="1", **card):
    """A model version with CARD (and changes to it); the same card twice is the same row. It has no files."""
    card = {**CARD, "version": version, "weights_sha256": hashlib.sha256(version.encode()).hexdigest(), **card}
    about = {"name": card["name"], "version": version, "architecture": card["architecture"], "card": card}
    about["sha256"] = card["weights_sha256"]
    return ModelVersion.objects.get_or_create(card_sha256=versions.hash_of(card), defaults=about)[0]


def active_model(version="1", **card):
    """The `model`, made the active one."""
    made = model(version, **card)
    rollout.activate(made)
    return made


def shadow_model(version="2", **card):
    """The `model`, in shadow."""
    made = model(version, **card)
    rollout.set_shadow(made, True)
    return made


def served_model(folder, version="1", **card):
    """Path of a card in `folder` with weights and report beside it, as `manage.py model add` takes it."""
    name = card.get("name", CARD["name"])
    weights = f"weights {name} {version}".encode()
    (folder / f"{name}.weights.h5").write_bytes(weights)
    (folder / f"{name}.report.html").write_text(f"<h1>{name} {version}</h1>")
    files = {"weights": f"{name}.weights.h5", "report": f"{name}.report.html"}
    content = {**CARD, "version": version, "weights_sha256": hashlib.sha256(weights).hexdigest(), **files, **card}
    (folder / f"{name}.json").write_text(json.dumps(content))
    return folder / f"{name}.json"


@cache
def film_bytes(seed=0, side=192):
    """PNG bytes of a small grey picture that ml.pixels accepts; another seed is another picture."""
    noise = np.random.default_rng(seed).normal(0, 12, (side, side))
    grey = np.clip(np.linspace(40, 210, side)[:, None] + noise, 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Picture.fromarray(grey).save(out, "PNG")
    return out.getvalue()


@cache
def _renditions(data):
    film = pixels.read(data)
    return film, pixels.viewing_rendition(film), pixels.model_rendition(film)


def batch(site, by=None, **fields):
    return Batch.objects.create(site=site, uploaded_by=by, source=fields.pop("source", Batch.Source.PAGE), **fields)


def study(site, *, ago=timedelta(0), images=1, priority=Priority.ROUTINE, view="PA", gate="", **fields):
    """A study received `ago` before now, with that many images, enqueued for the active version where there is one."""
    received_at = worklist.database_now() - ago
    made = Study(site=site, priority=priority, received_at=received_at, **fields)
    made.due_at, made.cap_at = order.due(made, None)
    made.save()
    for _ in range(images):
        image(made, view=view, gate=gate)
    return made


def image(study, *, data=None, seed=0, view="PA", gate="", enqueue=True):
    """One picture of a study, with real renditions in storage; a late one for a stored study goes by `join`."""
    film, viewing, model_input = _renditions(data or film_bytes(seed))
    key = uuid.uuid4()
    made = Image(
        id=key, study=study, site=study.site, sha256=f"{key.hex}{key.hex}", content_hash=pixels.content_hash(film),
        format=film.header.format, view=view, gate=gate, rows=film.pixels.shape[0], columns=film.pixels.shape[1],
        bits=film.bits, pixels_version=pixels.PIXELS_VERSION,
    )  # fmt: skip
    if film.window:
        made.window_centre, made.window_width = film.window
    made.original.save(f"originals/{key}", ContentFile(data or film_bytes(seed)), save=False)
    made.viewing.save(f"viewing/{key}.png", ContentFile(viewing), save=False)
    made.model_input.save(f"model/{key}.png", ContentFile(model_input), save=False)
    made.save()
    if enqueue:
        queue.enqueue([made])
        standing.recompute([study.pk])
        study.refresh_from_db()
    return made


def join(study, actor=None, **fields):
    """A late image joins a stored study: it must be seen before signing."""
    made = image(study, **fields)
    study.refresh_from_db()
    handling.image_joined(study, made, actor)
    study.refresh_from_db()
    return made


def _claimed(study, **only):
    return queue.claim(Screening.objects.filter(image__study=study, **only), "factory", 32)


def screened(study, probability=0.9, milliseconds=12.0, by=None, **said):
    """Every pending screening of the study (`by` one version, where given) is done, with that calibrated probability
    (0..1) and CARD's band; `said` are further fields of queue.Result."""
    p = min(max(probability, 1e-6), 1 - 1e-6)
    logit = math.log(p / (1 - p))
    held = _claimed(study, **({"model_version": by} if by else {}))
    version = preprocess.PREPROCESS_VERSION
    results = [queue.Result(row, logit, p, band_of(p), version, milliseconds, **said) for row in held]
    queue.complete(results, "factory")
    study.refresh_from_db()
    return study


def failed(study, code="rendition_unreadable", sentence="The stored rendition of this film cannot be read."):
    """Every pending screening of the study failed for good."""
    for row in _claimed(study):
        queue.fail(row, queue.Permanent(code, sentence))
    study.refresh_from_db()
    return study


def claimed(study, reader):
    return reading.claim(study, reader)


def read(study, reader, finding="absent", comment=""):
    """The study claimed by `reader` and signed."""
    claimed(study, reader)
    reading.sign(study, reader, version=study.version, finding=finding, comment=comment)
    study.refresh_from_db()
    return study


def withdrawn(study, by, reason="sent by mistake"):
    handling.withdraw(study, by, reason)
    study.refresh_from_db()
    return study
