"""A session that nobody uses ends: workstations stand in rooms where many people pass.

It ends after `settings.SESSION_IDLE_S` without a request that a person asked for, and after SESSION_COOKIE_AGE in any
case. What a page asks for by itself, again and again, carries the header below and keeps nobody logged in.
"""

import time
from datetime import timedelta

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

BY_ITSELF = "FirstRead-By-Itself"
USED_AT = "used_at"
# The session is a row: it is not written at every click.
NOTED_EVERY_S = 60


@receiver(user_logged_in)
def begin(request, **about):
    """Both clocks of a session start at the login; a token has none of them."""
    if auth.SESSION_KEY in request.session:
        request.session[USED_AT] = int(time.time())
        # A moment: written anew, the session would otherwise live so long from then on.
        request.session.set_expiry(timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE))


class Idle:
    """A middleware, behind those of sessions and users. It looks where somebody asks who the user is: a page that asks
    for nobody (`healthz`) needs no session, and no database."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.user = SimpleLazyObject(lambda: _user(request))
        return self.get_response(request)


def _user(request):
    if auth.SESSION_KEY in request.session:
        rested = time.time() - request.session.get(USED_AT, 0)
        if rested > settings.SESSION_IDLE_S:
            request.session.flush()
        elif rested > NOTED_EVERY_S and BY_ITSELF not in request.headers:
            request.session[USED_AT] = int(time.time())
    return auth.get_user(request)
