"""Every refusal of the API in one shape: `{"error": {"code", "sentence", "fields"?}}`.

The code is stable and for programs, the sentence for people; `fields` names what does not fit, and why. What exists
at another site and what does not exist at all get the same answer.
"""

import logging

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, UnreadablePostError
from django.utils.translation import gettext_noop
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.decorators import api_view
from rest_framework.response import Response
from rest_framework.views import set_rollback

from screening import (
    away,
    handling,
    holding,
    intake,
    keeping,
    lifecycle,
    manifest,
    parts,
    quotas,
    reading,
    reasons,
    sandbox,
    wording,
    worklist,
)
from screening.said_elsewhere import said
from webportal import sending
from webportal.api import keys
from webportal.views.access import REFUSED
from workers import versions

log = logging.getLogger(__name__)

NOT_FOUND = gettext_noop("There is nothing here under this address, or it is not yours to see.")
INVALID = gettext_noop("Some of what was sent does not fit; the fields say why.")
AWAY = gettext_noop("FirstRead cannot reach its database just now. Nothing was done; try again.")
NO_DECODER = gettext_noop(
    "FirstRead cannot open films just now: nothing was stored. Tell an administrator, and try again later."
)
BAD_CURSOR = gettext_noop("This cursor is not valid any more: start at the top again.")
FIELDS_TOO_LARGE = gettext_noop("The fields of this form hold more than 2.5 MB: files are sent as files.")
FAULT = gettext_noop("FirstRead failed on this request and wrote it to its log. Nothing is known to have been done.")

# The domain's refusals; the more special first. (status, code, sentence or None for the exception's own)
REFUSALS = {
    reading.NewImage: (status.HTTP_409_CONFLICT, "new_image", None),
    reading.NotYours: (status.HTTP_409_CONFLICT, "not_yours", None),
    lifecycle.Overtaken: (status.HTTP_409_CONFLICT, "overtaken", wording.OVERTAKEN),
    lifecycle.ImpossibleMove: (status.HTTP_409_CONFLICT, "overtaken", wording.OVERTAKEN),
    versions.Refused: (status.HTTP_409_CONFLICT, "model_refused", None),
    worklist.BadCursor: (status.HTTP_400_BAD_REQUEST, "bad_cursor", BAD_CURSOR),
    **dict.fromkeys(away.DATABASE_AWAY, (status.HTTP_503_SERVICE_UNAVAILABLE, "unavailable", AWAY)),
    keeping.StorageFull: (status.HTTP_507_INSUFFICIENT_STORAGE, "storage_full", None),
    keeping.StorageAway: (status.HTTP_503_SERVICE_UNAVAILABLE, "unavailable", None),
    sandbox.CannotStart: (status.HTTP_503_SERVICE_UNAVAILABLE, "unavailable", NO_DECODER),
    handling.NotDecoded: (status.HTTP_422_UNPROCESSABLE_ENTITY, "undecodable", None),
    intake.KeyReused: (status.HTTP_422_UNPROCESSABLE_ENTITY, "key_reused", None),
    keys.KeyReused: (status.HTTP_422_UNPROCESSABLE_ENTITY, "key_reused", None),
    quotas.Exceeded: (status.HTTP_429_TOO_MANY_REQUESTS, "quota_exceeded", None),
    manifest.Unreadable: (status.HTTP_400_BAD_REQUEST, "manifest_unreadable", None),
    holding.Unpacking: (status.HTTP_409_CONFLICT, "still_unpacking", None),
    parts.Elsewhere: (status.HTTP_409_CONFLICT, "offset", None),
    parts.Gone: (status.HTTP_410_GONE, "expired", None),
    parts.TooManyPieces: (status.HTTP_400_BAD_REQUEST, "too_many_pieces", None),
    RequestDataTooBig: (status.HTTP_413_REQUEST_ENTITY_TOO_LARGE, "request_too_large", FIELDS_TOO_LARGE),
}
# Django's own sentences where the exception was raised without words for a person.
SENTENCES = {
    "not_found": NOT_FOUND,
    "not_authenticated": gettext_noop("Log in first: this needs a token (POST /api/v1/login) or the portal's session."),
}


class Locked(exceptions.APIException):
    """Too many wrong passwords: `wait` is in seconds."""

    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_code = "locked"
    default_detail = gettext_noop("Too many wrong passwords were tried. Wait 15 minutes, then try again.")
    wait = 900


class WrongPassword(exceptions.APIException):
    """Not DRF's AuthenticationFailed: that one becomes a 403 where a view knows no other way to log in."""

    status_code = status.HTTP_401_UNAUTHORIZED
    default_code = "authentication_failed"
    default_detail = gettext_noop("This name and this password do not fit together.")


class ErrorBody(serializers.Serializer):
    """What is wrong: for programs, for people, and by field."""

    code = serializers.CharField()
    sentence = serializers.CharField()
    fields = serializers.DictField(required=False)


class Error(serializers.Serializer):
    """Every answer of status 400 and above."""

    error = ErrorBody()


def handle(exception, context):
    """DRF's exception handler: an answer for every exception, also for those that nobody foresaw."""
    set_rollback()
    if isinstance(exception, OSError) and exception.errno in keeping.FULL:  # while the request itself was spooled
        exception = keeping.StorageFull()
    for kind, (code_of_http, code, sentence) in REFUSALS.items():
        if isinstance(exception, kind):
            if kind in away.DATABASE_AWAY:
                log.warning(away.said(exception))
            return _later(answer(code_of_http, code, sentence or exception.sentence), exception)
    if isinstance(exception, sending.Closed):
        return answer(status.HTTP_409_CONFLICT, exception.code, exception.sentence)
    if isinstance(exception, parts.TooLarge):
        return answer(status.HTTP_413_REQUEST_ENTITY_TOO_LARGE, exception.code, reasons.sentence(exception.code))
    exception = _of_drf(exception)
    if exception is None:
        log.exception("the API failed on %s", context["request"].method)
        return answer(status.HTTP_500_INTERNAL_SERVER_ERROR, "fault", FAULT)
    return _answer_drf(exception)


def _later(answered, exception):
    if wait := getattr(exception, "retry_after_s", None):
        answered["Retry-After"] = str(max(1, round(wait)))
    return answered


def answer(code_of_http, code, sentence, fields=None):
    """`sentence` is in English, or translated already."""
    error = {"code": code, "sentence": said(sentence)} | ({"fields": fields} if fields else {})
    return Response({"error": error}, status=code_of_http)


def _of_drf(exception):
    """The exception as one of DRF's, or None where it is nobody's that we know."""
    if isinstance(exception, Http404):
        return exceptions.NotFound()
    if isinstance(exception, PermissionDenied):
        return exceptions.PermissionDenied(str(exception) or REFUSED)
    if isinstance(exception, SuspiciousOperation | UnreadablePostError):
        return exceptions.ParseError(
            gettext_noop("The request is damaged, ended early, or has more than 1,000 files or fields.")
        )
    return exception if isinstance(exception, exceptions.APIException) else None


def _answer_drf(exception):
    if isinstance(exception, exceptions.ValidationError):
        found = answer(exception.status_code, "invalid", INVALID, _by_field(exception.detail))
    else:
        code = getattr(exception.detail, "code", exception.default_code)
        found = answer(exception.status_code, code, SENTENCES.get(code, str(exception.detail)))
    if header := getattr(exception, "auth_header", None):
        found["WWW-Authenticate"] = header
    if wait := getattr(exception, "wait", None):
        found["Retry-After"] = str(round(wait))
    return found


def _by_field(detail):
    return detail if isinstance(detail, dict) else {"non_field_errors": detail}


@extend_schema(exclude=True)
@api_view(["GET", "POST", "PUT", "PATCH", "DELETE"])
def unknown(request):
    """Whatever has no address under /api/."""
    raise Http404
