"""What administrators do with users and sites. Pages and commands call the same functions; each leaves an Event.

`actor` is the administrator, or None where a command was run on the machine itself.
"""

import secrets
from datetime import time

from axes.utils import reset as unlock
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from knox.models import AuthToken

from deploy.local import logins
from screening import standing
from screening.models import Event, Role, Site, User

# What moves the studies of a site when it changes.
ORDERING = {
    "policy", "ai_order", "cap_stat", "cap_urgent", "cap_routine", "opens", "closes", "reading_days", "time_zone",
}  # fmt: skip
# What the history says of a site that was changed.
TOLD = (
    "code", "name", "policy", "ai_order", "cap_stat", "cap_urgent", "cap_routine", "opens", "closes", "reading_days",
    "time_zone", "blind_first", "second_read_share", "prevalence", "deidentify", "webhook_url", "daily_files",
    "daily_gigabytes", "daily_files_a_user",
)  # fmt: skip


class Refused(Exception):
    """This would lock the house out of itself; nothing was changed. `sentence` says what to do instead."""

    def __init__(self, sentence):
        super().__init__(sentence)
        self.sentence = sentence


def draw_password():
    """16 random characters: shown once, to whoever hands it on."""
    return secrets.token_urlsafe(12)


@transaction.atomic
def create_user(user, roles, sites, actor=None):
    """Save a new, unsaved user with a random password; returns that password. Raises ValidationError."""
    password = draw_password()
    user.roles = _ordered(roles)
    user.set_password(password)
    user.full_clean()
    if User.objects.filter(username__iexact=user.username).exists():
        raise ValidationError({"username": [_("This name differs from another user's by capitals alone.")]})
    user.save(force_insert=True)
    user.sites.set(sites)
    Event.note(Event.Kind.USER_CREATED, actor=actor, user=str(user.pk), **_access(user))
    return password


@transaction.atomic
def set_access(user, roles, sites, actor=None):
    """Give a user these roles and sites instead of the ones held, from the next request on. Raises Refused."""
    was = _access(user)
    if Role.ADMINISTRATOR in user.roles and Role.ADMINISTRATOR not in roles:
        _keep_an_administrator(user, actor)
    user.roles = _ordered(roles)
    user.save(update_fields=["roles"])
    user.sites.set(sites)
    if was != _access(user):
        Event.note(Event.Kind.ROLES, actor=actor, user=str(user.pk), was=was, to=_access(user))


def _access(user):
    return {"roles": list(user.roles), "sites": sorted(user.sites.values_list("code", flat=True))}


def _ordered(roles):
    return [role.value for role in Role if role in roles]


@transaction.atomic
def reset_password(user, actor=None):
    """A new random password, which is returned; whoever is logged in as this user is logged out, a lock is lifted."""
    password = draw_password()
    user.set_password(password)
    user.save(update_fields=["password"])
    end_logins(user)
    unlock(username=user.username)
    forget_first_password(user)
    Event.note(Event.Kind.PASSWORD, actor=actor, user=str(user.pk), reset=True)
    return password


@transaction.atomic
def deactivate(user, actor=None):
    """End a login: sessions and tokens die at once, the history stays. Raises Refused."""
    if not user.is_active:
        return
    _keep_an_administrator(user, actor)
    user.is_active = False
    user.save(update_fields=["is_active"])
    end_logins(user)
    Event.note(Event.Kind.DEACTIVATED, actor=actor, user=str(user.pk))


@transaction.atomic
def activate(user, actor=None):
    """Let a deactivated user log in again, with the old password."""
    if user.is_active:
        return
    user.is_active = True
    user.save(update_fields=["is_active"])
    Event.note(Event.Kind.ACTIVATED, actor=actor, user=str(user.pk))


def forget_first_password(user):
    """Take the password of the first start out of VAR/logins.json: it is not true any more."""
    known = logins.read(settings.VAR).get("portal", [])
    left = [login for login in known if login["user"] != user.username]
    if left != known:
        logins.write(settings.VAR, portal=left)


def end_logins(user):
    """Every session and token of this user ends."""
    AuthToken.objects.filter(user=user).delete()
    for session in Session.objects.iterator():
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()


def _keep_an_administrator(user, actor):
    """Raise Refused where the house would be without an administrator, or an administrator without a way back."""
    if Role.ADMINISTRATOR not in user.roles:
        return
    if actor == user:
        raise Refused(_("You cannot take this from yourself: ask another administrator."))
    # All of them locked, in one order: two administrators cannot deactivate each other at the same moment.
    active = User.objects.select_for_update().filter(is_active=True, roles__contains=[Role.ADMINISTRATOR])
    if not [other for other in active.order_by("pk") if other != user]:
        raise Refused(_("This is the last administrator: make somebody else an administrator first."))


@transaction.atomic
def save_site(site, actor=None, fields=None):
    """Save a new or changed site, or these `fields` of it. A changed order or limit moves its waiting studies.

    Raises ValidationError.
    """
    site.full_clean()
    was = Site.objects.select_for_update().filter(pk=site.pk).first()
    site.save(update_fields=fields)
    told = TOLD if fields is None else [name for name in TOLD if name in fields]
    changed = {name: [getattr(was, name, None), getattr(site, name)] for name in told}
    changed = {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
    if changed:
        told = {name: [_told(value) for value in pair] for name, pair in changed.items()}
        Event.note(Event.Kind.SITE, actor=actor, site=site, created=was is None, changed=told)
    if was and ORDERING & changed.keys():
        standing.recompute_site(Site.objects.get(pk=site.pk))


def _told(value):
    return f"{value:%H:%M}" if isinstance(value, time) else value
