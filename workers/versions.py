"""Which model versions the ledger knows, and which one orders the worklist."""

from dataclasses import asdict

from django.db import transaction

from ml import registry
from screening import queue
from screening.models import Event, ModelVersion


def register(card):
    """The ModelVersion of a card (`ml.card.Card`), new where its weights are not known yet."""
    content = asdict(card)
    # Where a card lies is this machine's affair, not the ledger's.
    content.pop("path")
    about = {"name": card.name, "version": card.version, "architecture": card.architecture, "card": content}
    return ModelVersion.objects.get_or_create(sha256=card.weights_sha256, defaults=about)[0]


@transaction.atomic
def activate(card, actor=None):
    """Make the version of a card the active one, once its weights are checked. Raises ml.registry.WeightsMismatch."""
    registry.verify(card)
    version = register(card)
    if not version.active:
        queue.activate(version)
        Event.note(Event.Kind.MODEL, actor=actor, model=str(version.pk), sha256=version.sha256)
    return version


def register_shipped():
    """Register every model that is shipped, and see to it that one is active; returns it, or None.

    Where none is active, `default` becomes it. Where the active one's weights are shipped no more, since an update
    brought others under its name, those take over: no worker could load the old ones.
    """
    cards = {card.name: card for card in registry.available()}
    shipped = {register(card).pk for card in cards.values()}
    active = ModelVersion.objects.filter(active=True).first()
    name = active.name if active else "default"
    if name in cards and (active is None or active.pk not in shipped):
        return activate(cards[name])
    return active
