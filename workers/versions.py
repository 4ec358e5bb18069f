"""Which model versions the ledger knows, and where their files lie."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from ml import card as cards
from ml import registry
from screening import rollout
from screening.models import ModelVersion


class Refused(Exception):
    """Nothing was changed; `sentence` says why, and what to do."""

    def __init__(self, sentence):
        super().__init__(sentence)
        self.sentence = sentence


def content_of(card):
    """What the ledger keeps of an `ml.card.Card`, as JSON: all but where it lies, which is this machine's affair."""
    content = asdict(card)
    content.pop("path")
    return content


def hash_of(content):
    """SHA-256 of a card's content: the same for the same facts, however the file was written."""
    said = {name: value for name, value in content.items() if value is not None}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def folder(card_sha256):
    """Where card, weights and report of an added version lie: in storage, or under VAR where that has no paths."""
    name = f"models/{card_sha256}"
    try:
        return Path(default_storage.path(name))
    except NotImplementedError:  # an object storage: what loads weights reads files
        return settings.VAR / name


def card_of(version):
    """The `ml.card.Card` of a ModelVersion, lying beside its weights: in storage, or among the shipped ones.

    Raises ml.card.CardError where this FirstRead cannot use the card.
    """
    stored = folder(version.card_sha256) / f"{version.name}.json"
    return cards.read(version.card, stored if stored.exists() else registry.WEIGHTS / stored.name)


def to_load():
    """The versions that a worker loads, in this order: the active one, then those in shadow."""
    return rollout.at_work()


def register(card, **fields):
    """(ModelVersion, whether it is new) of exactly this card; `fields` are those of a new one."""
    content = content_of(card)
    about = {"name": card.name, "version": card.version, "architecture": card.architecture, "card": content}
    about |= {"sha256": card.weights_sha256, **fields}
    return ModelVersion.objects.get_or_create(card_sha256=hash_of(content), defaults=about)


def about(version):
    """How an Event names a version."""
    return {"model": str(version.pk), "sha256": version.sha256, "card_sha256": version.card_sha256}


def find(text):
    """The one version of that id, beginning of its card's hash, name, or "name version". Raises Refused."""
    text = str(text).strip()
    versions = list(ModelVersion.objects.order_by("created_at"))
    short = len(text) >= 6
    by_id = [each for each in versions if str(each.pk) == text or (short and each.card_sha256.startswith(text))]
    found = by_id or [each for each in versions if text in (each.name, f"{each.name} {each.version}")]
    if len(found) == 1:
        return found[0]
    if not found:
        known = ", ".join(f"{each.name} {each.version}" for each in versions) or "none"
        raise Refused(f"There is no model {text} here. There are: {known}. `manage.py model add CARD` adds one.")
    ids = ", ".join(f"{each.card_sha256[:8]} ({each.version})" for each in found)
    raise Refused(f"Several versions are called {text}: give the beginning of a card's hash, one of {ids}.")
