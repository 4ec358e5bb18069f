"""Logging in for a token, logging out, and who one is."""

from django.contrib import auth
from django.contrib.auth.signals import user_logged_in
from drf_spectacular.utils import extend_schema
from knox.models import AuthToken
from rest_framework import serializers
from rest_framework.decorators import api_view, authentication_classes, parser_classes, permission_classes
from rest_framework.response import Response

from screening.models import Event, Role
from webportal.api.access import allowed
from webportal.api.errors import Error, Locked, WrongPassword
from webportal.api.parsers import Json
from webportal.views.access import anyone
from webportal.views.account import address, too_many_failures


class Credentials(serializers.Serializer):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)


class Person(serializers.Serializer):
    """Who is logged in, and what they may do where."""

    username = serializers.CharField()
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role))
    sites = serializers.SerializerMethodField(help_text="The codes of the sites whose studies this user sees.")

    def get_sites(self, user) -> list[str]:
        return list(user.sites.values_list("code", flat=True))


class Token(serializers.Serializer):
    """Send it as `Authorization: Token <token>`."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()
    user = Person()


@extend_schema(request=Credentials, responses={200: Token, 400: Error, 401: Error, 429: Error}, auth=[], tags=["login"])
@api_view(["POST"])
@authentication_classes([])
@permission_classes([])
@parser_classes([Json])
def login(request):
    """A token for a name and a password; it ends after ten hours, at the logout, or with the login itself."""
    credentials = Credentials(data=request.data)
    credentials.is_valid(raise_exception=True)
    http = request._request
    user = authenticated(http, **credentials.validated_data)
    token, key = AuthToken.objects.create(user)
    user_logged_in.send(sender=type(user), request=http, user=user)
    Event.note(Event.Kind.LOGIN, actor=user, address=address(http), token=True)
    return Response(Token({"token": key, "expires_at": token.expiry, "user": user}).data)


def authenticated(http, **credentials):
    """The user with these credentials. Raises Locked, or WrongPassword, which does not say what was wrong."""
    if too_many_failures(address(http)):
        raise Locked
    user = auth.authenticate(http, **credentials)
    if user is None:
        # The name is left out: people type passwords into the wrong field.
        Event.note(Event.Kind.LOGIN_FAILED, address=address(http), token=True)
    if getattr(http, "axes_locked_out", False):
        # Taken back here, or the middleware puts the lock's HTML page in the place of this answer.
        http.axes_locked_out = False
        raise Locked
    if user is None:
        raise WrongPassword
    return user


@extend_schema(request=None, responses={204: None, 401: Error}, tags=["login"])
@api_view(["POST"])
@allowed(anyone)
def logout(request):
    """End this token, or the portal's session where one was used."""
    Event.note(Event.Kind.LOGOUT, actor=request.user, address=address(request), token=bool(request.auth))
    if request.auth:
        request.auth.delete()
    else:
        auth.logout(request._request)
    return Response(status=204)


@extend_schema(responses={200: Person, 401: Error}, tags=["login"])
@api_view(["GET"])
@allowed(anyone)
def me(request):
    """Who is logged in."""
    return Response(Person(request.user).data)
