"""Acts upon model versions: promote, roll back, shadow, screen again. Pages and commands call the same functions.

`actor` is the administrator, or None where a command was run on the machine itself. Every act is an Event.
"""

import logging

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ml import registry
from ml.data import DataError
from screening import rescreening, rollout, sweeping
from screening.models import Event, ModelVersion
from screening.said_elsewhere import said
from workers import adding, dispatch
from workers.versions import Refused, about, card_of

log = logging.getLogger(__name__)
FASTER = gettext_noop("Somebody was faster: another model is active by now, and nothing was changed. Look again.")


def fit(version):
    """The Card of a version that may serve: whole, with its report, its weights as the card says. Raises Refused."""
    try:
        card = card_of(version)
        registry.check(card)
        registry.verify(card)
        registry.require_report(card)
    except DataError as error:
        raise Refused(said(str(error))) from None
    if not version.checked_at:
        sentence = _(
            "Model %(model)s was never checked by its canary here: add it again, `manage.py model add %(card)s`."
        )
        path = card.path if version.shipped else "CARD"
        raise Refused(sentence % {"model": f"{version.name} {version.version}", "card": path})
    return card


def promote(version, actor=None, was=None):
    """Make a version the active one: it orders the worklist from now on. Raises Refused.

    `was`: the id of the active version ("" for none) where whoever asks saw what would move from it. The files of the
    version are kept in storage, so that it can come back after an update of the code. The canary is scored once more
    by each worker that loads it.
    """
    promoted = _switch(version, actor, Event.Kind.MODEL, was)
    rollout.follow()
    return promoted


@transaction.atomic
def _switch(version, actor, kind, seen=None):
    card = fit(version)
    rollout.lock_versions()
    was = ModelVersion.objects.filter(active=True).first()
    if was == version:
        raise Refused(_("%(model)s is the active model already.") % {"model": version})
    if seen is not None and str(seen) != (str(was.pk) if was else ""):
        raise Refused(_(FASTER))
    adding.keep(card, version.card_sha256)
    rollout.switch(version)
    Event.note(kind, actor=actor, **about(version), was=was and str(was.pk))
    transaction.on_commit(dispatch.sweep_now)
    return version


def before():
    """The version that was active before the present one: where a roll back leads. None where there is none."""
    return ModelVersion.objects.filter(active=False, activated_at__isnull=False).order_by("-activated_at").first()


def roll_back(actor=None, to=None):
    """Promote the version that was active before: the one with the id `to`, where whoever asks saw it. Raises Refused.

    A second click, or a second administrator's, would lead back to where the first came from.
    """
    with transaction.atomic():
        rollout.lock_versions()
        version = before()
        if version is None:
            raise Refused(_("No other model was active before this one: there is nothing to roll back to."))
        if to and str(version.pk) != str(to):
            raise Refused(_(FASTER))
        _switch(version, actor, Event.Kind.MODEL_ROLLBACK)
    rollout.follow()
    return version


@transaction.atomic
def set_shadow(version, on, actor=None):
    """Let a version score what arrives and show nobody (`on`), or end that. Raises Refused."""
    if on:
        adding.keep(fit(version), version.card_sha256)
    rollout.lock_versions()
    version.refresh_from_db()
    if version.active:
        raise Refused(_("%(model)s is the active model: promote another first.") % {"model": version})
    if on and version.activated_at:
        sentence = _(
            "%(model)s was active once, and people were shown its scores, which shadow would take back: add it under "
            "another version, or promote it."
        )
        raise Refused(sentence % {"model": version})
    if version.shadow != on:
        rollout.set_shadow(version, on)
        Event.note(Event.Kind.MODEL_SHADOW, actor=actor, **about(version), on=on)
        transaction.on_commit(dispatch.sweep_now)
    return version


def rescreen(wish, actor=None):
    """`screening.rescreening.rescreen`, and the workers hear of it; returns how many images. Raises Refused."""
    try:
        ids = rescreening.rescreen(wish, actor)
    except rescreening.Resting:
        sentence = _(
            "No worker loads %(model)s, for it is neither active nor in shadow: promote it, or put it in shadow."
        )
        raise Refused(sentence % {"model": wish.version}) from None
    dispatch.ring(ids[: sweeping.RINGS_A_SWEEP])
    return len(ids)


def register_shipped():
    """Register every model that is shipped, and see to it that one is active; returns it, or None.

    Where none is active, `default` becomes it. Where the active one came with an earlier release, and this one has
    another under its name that was never active, that one takes over, once its canary is scored here as in its card.
    A model that somebody added is never replaced, nor is one that somebody rolled back to. What cannot serve leaves
    the active model as it is, with a warning; raises DataError or Refused where none is active.
    """
    try:
        shipped = {card.name: adding.registered(card, shipped=True)[0] for card in registry.available()}
        _check_once(shipped)
        promoted = _promote_successor(shipped)
    except (DataError, Refused) as error:
        active = ModelVersion.objects.filter(active=True).first()
        if active is None:
            raise
        log.warning("%s stays the active model, for the one that is shipped cannot serve: %s", active, error)
        return active
    rollout.follow()
    return promoted


def _successor(shipped):
    """Of {name: ModelVersion} the one that is to become active now, or None."""
    active = ModelVersion.objects.filter(active=True).first()
    new = shipped.get(active.name if active else "default")
    return None if new == active or (active and new and not _is_outdated(active, new)) else new


def _check_once(shipped):
    """The model is loaded for it, once a version: by what starts FirstRead, never by the portal."""
    new = _successor(shipped)
    for version in [each for each in shipped.values() if each.checked_at is None]:
        try:
            adding.check(card_of(version))
            adding.set_checked(version)
        except DataError as error:
            if version == new:
                raise
            log.warning("the shipped model %s cannot serve: %s", version, error)


@transaction.atomic
def _promote_successor(shipped):
    """Another host may have done the same meanwhile: asked again, under the lock."""
    rollout.lock_versions()
    new = _successor(shipped)
    return _switch(new, None, Event.Kind.MODEL) if new else ModelVersion.objects.filter(active=True).first()


def _is_outdated(active, new):
    if not active.shipped:
        return False
    if new.activated_at is None:
        return True
    try:
        registry.verify(card_of(active))
    except DataError:  # no worker can load it any more
        return True
    return False
