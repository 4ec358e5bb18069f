"""Which models this child holds: those at work, each checked by its canary, and why one is not there."""

import importlib
import logging
import math
import time

from django.conf import settings
from django.utils.translation import gettext_noop

from ml import canary
from ml.data import DataError
from workers import versions

log = logging.getLogger(__name__)

NONE_ACTIVE = gettext_noop("no model is active: run `manage.py bootstrap`")
# A version that could not be loaded is tried again so much later, not at every ring.
RETRY_S = settings.LEASE_S
_loaded = {}  # version id -> (card, model)
_refused = {}  # version id -> (when, by the monotonic clock; why)


def runtime():
    return importlib.import_module(settings.RUNTIME)


def load():
    """Load what is at work, let go of the rest; ({version id: (card, model)}, active first; what is wrong, or "").

    A version that cannot be loaded keeps no other from work: its rows stay pending, and a person is told.
    """
    wanted, problems = versions.to_load(), []
    for pk in set(_loaded) - {version.pk for version in wanted}:
        log.info("%s is let go", _loaded.pop(pk)[0].name)
    for version in wanted:
        if version.pk not in _loaded:
            problems += _try(version)
    if not any(version.active for version in wanted):
        problems.append(NONE_ACTIVE)
    found = {version.pk: _loaded[version.pk] for version in wanted if version.pk in _loaded}
    return found, " ".join(problems)


def _try(version):
    """Load a version; returns [what is wrong], or [] where nothing is."""
    tried, problem = _refused.get(version.pk, (-math.inf, ""))
    if time.monotonic() - tried < RETRY_S:
        return [problem]
    try:
        _loaded[version.pk] = _load(version)
    except Exception as error:  # Whatever is wrong with the files, the rows stay pending.
        log.exception("%s %s could not be loaded", version.name, version.version)
        sentence = str(error) if isinstance(error, DataError) else f"{type(error).__name__}: {error}"
        _refused[version.pk] = time.monotonic(), sentence
        return [sentence]
    _refused.pop(version.pk, None)
    return []


def _load(version):
    card = versions.card_of(version)
    model = runtime().load(card)
    canary.check(card, model)
    log.info("loaded %s %s (%s)", card.name, card.version, card.weights_sha256[:12])
    return card, model


def forget():
    """Hold nothing any more: for tests, where each begins with an empty child."""
    _loaded.clear()
    _refused.clear()
