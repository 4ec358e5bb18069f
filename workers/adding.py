"""Taking a model in: all of it checked, then card, weights and report copied into storage."""

import errno
import importlib
import json
import logging
import secrets
import shutil

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from ml import canary, registry
from ml import card as cards
from ml.data import DataError
from screening import keeping
from screening.models import Event, ModelVersion
from workers.versions import Refused, about, content_of, folder, register

log = logging.getLogger(__name__)


def add(path, actor=None):
    """(ModelVersion, whether it is new) of the card at `path`, once all of it is checked. Raises Refused.

    Checked are the card, the pixel path, the hash of the weights, the report, and the canary's score by the runtime
    that the workers use. Then card, weights and report are copied into storage: the folder they came from may go.
    """
    try:
        card = cards.load(path)
        _check_content(card)
        _check_name(card)
        check(card)
    except DataError as error:
        raise Refused(str(error)) from None
    return _added(card, actor)


def check(card):
    """Raise DataError unless the card's model may serve: its files whole, its canary scored here as in the card."""
    registry.check(card)
    registry.verify(card)
    registry.require_report(card)
    try:
        model = importlib.import_module(settings.RUNTIME).load(card)
        canary.check(card, model)
    except DataError:
        raise
    except Exception as error:  # whatever a runtime says of files that it cannot take
        log.exception("%s %s could not be loaded", card.name, card.version)
        raise cards.CardError(
            f"Model {card.name} {card.version} cannot be loaded here ({type(error).__name__}: {str(error)[:200]}): "
            "nothing was changed. Make it again: python -m ml merge RUN... --out FOLDER."
        ) from None


@transaction.atomic
def _added(card, actor):
    """The row first: where the files cannot be kept, it goes too."""
    version, new = registered(card, actor)
    keep(card, version.card_sha256)
    set_checked(version)
    return version, new


@transaction.atomic
def registered(card, actor=None, **fields):
    """(ModelVersion, whether it is new) of a card; a new one is an Event."""
    version, new = register(card, **fields)
    if new:
        Event.note(Event.Kind.MODEL_ADDED, actor=actor, **about(version))
    return version, new


def set_checked(version):
    """Remember that `check` found the version well, now and on this machine."""
    ModelVersion.objects.filter(pk=version.pk).update(checked_at=Now())
    version.refresh_from_db()


def _check_content(card):
    """The ledger takes no number that is none, and no text that is none."""
    try:
        text = json.dumps(content_of(card), allow_nan=False, ensure_ascii=False)
        if "\\u0000" in text:
            raise ValueError
        text.encode()
    except ValueError:
        raise cards.CardError(
            f"The card of {card.name!a} holds NaN, an infinite number or characters that are no text. Make it again: "
            "python -m ml merge RUN... --out FOLDER."
        ) from None


def _check_name(card):
    if not cards.is_name(card.name) or not cards.is_version(card.version):
        raise cards.CardError(
            f"The card is called {card.name!r} {card.version!r}: a name has 1 to 64 letters, digits, - and _, a "
            "version 1 to 32 characters. Make it again under another: python -m ml merge RUN... --name NAME."
        )


def keep(card, card_sha256):
    """Copy card, weights and report into storage, all of them or nothing; what is there and whole stays.

    Raises Refused where no space is left, or FirstRead may not write there.
    """
    home = folder(card_sha256)
    try:
        registry.verify(cards.read(content_of(card), home / f"{card.name}.json"))
        if (home / card.report).exists():
            return
    except DataError:
        pass
    draft = home.with_name(f"{card_sha256}.{secrets.token_hex(4)}.draft")
    try:
        with keeping.saying_full():
            draft.mkdir(parents=True)
            shutil.copyfile(card.weights_path, draft / card.weights)
            shutil.copyfile(card.report_path, draft / card.report)
            cards.save(content_of(card), draft / f"{card.name}.json")
            shutil.rmtree(home, ignore_errors=True)
            _rename(draft, home)
    except keeping.StorageFull:
        raise Refused(_("The storage is full: nothing of the model was kept. Make room, and try again.")) from None
    except OSError as error:
        sentence = _(
            "The model cannot be kept in %(folder)s (%(why)s): nothing was changed. Let FirstRead write there, and try "
            "again."
        )
        raise Refused(sentence % {"folder": home.parent, "why": error.strerror}) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _rename(draft, home):
    try:
        draft.rename(home)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # somebody was as fast, with the same files
            raise
