"""Files in pieces that survive a lost connection: a server of tus 1.0.0 (https://tus.io), for any client of it.

Beside the protocol: the answer that ends a file says what it became, in `Firstread-Receipt` or `Firstread-Archive`.
A storage that is full answers 507; an empty PATCH at the end of the file tries the taking again. X-HTTP-Method-Override
is not taken: a method that is not the one of the request would pass by what guards methods.
"""

import base64
import binascii

from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.permissions import BasePermission
from rest_framework.response import Response
from rest_framework.views import APIView

from screening import archive, parts, permissions
from screening.models import Job, Part
from webportal import sending
from webportal.api import keys
from webportal.api.batches import own_batch
from webportal.api.errors import Error
from webportal.views.access import REFUSED

VERSION, EXTENSIONS = "1.0.0", "creation,creation-with-upload,termination,expiration"
OFFSET_STREAM = "application/offset+octet-stream"
RECEIPT, ARCHIVE = "Firstread-Receipt", "Firstread-Archive"
# 19 digits are what a column holds; more would only be work.
MOST_DIGITS = 19


class WrongVersion(exceptions.APIException):
    status_code, default_code = status.HTTP_412_PRECONDITION_FAILED, "tus_version"
    default_detail = gettext_noop("Send Tus-Resumable: 1.0.0.")


class Expired(exceptions.APIException):
    status_code, default_code = status.HTTP_410_GONE, "expired"
    default_detail = gettext_noop("Nothing came for a day, and what was here of this file is dropped: begin again.")


class TooLong(exceptions.APIException):
    status_code, default_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE, "too_long"
    default_detail = gettext_noop("This is more than the file was said to hold.")


def header(name, type=OpenApiTypes.STR, required=True, **more):
    return OpenApiParameter(name, type, OpenApiParameter.HEADER, required=required, **more)


TUS = header("Tus-Resumable", enum=[VERSION])
AT = header("Upload-Offset", OpenApiTypes.INT)
DONE = OpenApiResponse(description="Its headers say where the file stands, or what it became.")
GONE = {410: Error, 412: Error} | dict.fromkeys((400, 401, 403, 404), Error)
NOT_TAKEN = dict.fromkeys((409, 413, 415, 422, 429, 503, 507), Error)
METADATA = header("Upload-Metadata", description="In base64: `batch` (its id), `name` (a path), `key` (optional).")
BODY = {OFFSET_STREAM: OpenApiTypes.BINARY}


class MaySend(BasePermission):
    message = REFUSED

    def has_permission(self, request, view):
        return request.user.is_authenticated and permissions.may_upload(request.user)


class Tus(APIView):
    """What every address of the protocol has in common."""

    permission_classes = [MaySend]

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != VERSION:
            raise WrongVersion

    def finalize_response(self, request, response, *args, **kwargs):
        found = super().finalize_response(request, response, *args, **kwargs)
        found["Tus-Resumable"] = VERSION
        if found.status_code == WrongVersion.status_code:
            found["Tus-Version"] = VERSION
        return found

    @extend_schema(exclude=True)
    def options(self, request, *args, **kwargs):
        said = {"Tus-Version": VERSION, "Tus-Extension": EXTENSIONS, "Tus-Max-Size": str(archive.MAX_ARCHIVE_B)}
        return Response(status=status.HTTP_204_NO_CONTENT, headers=said)


class Parts(Tus):
    @extend_schema(
        request=BODY,
        parameters=[TUS, header("Upload-Length", OpenApiTypes.INT), METADATA],
        responses={201: DONE, 412: Error, **dict.fromkeys((400, 401, 403, 404), Error), **NOT_TAKEN},
    )
    def post(self, request):
        """Begin a file of up to 1 GB; its first bytes may come along. `Location` is where the others go."""
        size, said = _number(request, "Upload-Length"), _metadata(request)
        batch = own_batch(request, said["batch"])
        part = sending.begin_part(batch, said["name"], size, said.get("key", ""))
        where = {"Location": reverse("api_part", args=[part.pk])}
        try:
            if not size or request.content_type == OFFSET_STREAM:
                _append(request, part, 0)
            return Response(status=status.HTTP_201_CREATED, headers=where | _standing(request, part))
        except Exception:
            if not part.key:  # nobody knows its address, and it would take up a place for a day
                parts.drop(*Part.objects.filter(pk=part.pk))  # as far as a refusal has left it
            raise


class OnePart(Tus):
    @extend_schema(parameters=[TUS], responses={200: DONE, **GONE})
    def head(self, request, pk):
        """How much of the file is here."""
        part = _part(request, pk)
        about = {"Upload-Length": str(part.size), "Cache-Control": "no-store"}
        return Response(headers=_standing(request, part, take=False) | about)

    @extend_schema(request=BODY, parameters=[TUS, AT], responses={204: DONE, **GONE, **NOT_TAKEN})
    def patch(self, request, pk):
        """Add what follows. What arrived before a connection broke stays: ask by HEAD, and go on from there."""
        part = _part(request, pk)
        if request.content_type != OFFSET_STREAM:
            raise exceptions.UnsupportedMediaType(
                request.content_type, _("A piece is sent as %(type)s.") % {"type": OFFSET_STREAM}
            )
        _append(request, part, _number(request, "Upload-Offset"))
        return Response(status=status.HTTP_204_NO_CONTENT, headers=_standing(request, part))

    @extend_schema(parameters=[TUS], responses={204: None, **GONE})
    def delete(self, request, pk):
        """Give the file up. What became of a file that was taken stays."""
        parts.drop(_part(request, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _part(request, pk):
    """The user's own part; another's does not exist."""
    mine = Q(batch__uploaded_by=request.user, batch__site__in=permissions.sites_of(request.user))
    found = Part.objects.select_related("batch__site", "batch__uploaded_by", "receipt", "job")
    part = get_object_or_404(found.filter(mine), pk=pk)
    if not parts.living().filter(pk=pk).exists():
        raise Expired
    return part


def _append(request, part, offset):
    """Add the body to the part, read in pieces; a body that is longer than the rest of the file is not read at all."""
    if offset == part.offset and int(request.META.get("CONTENT_LENGTH") or 0) > part.size - offset:
        raise TooLong
    parts.append(part, offset, request._request)


def _standing(request, part, take=True):
    """The headers that say where a part stands; one that is whole is taken here, unless it was before."""
    said = {"Upload-Offset": str(part.offset)}
    if part.offset < part.size:
        return said | {"Upload-Expires": http_date((part.touched_at + parts.LIVES).timestamp())}
    taken = sending.take_part(request, part) if take else part.receipt or part.job
    return said | ({ARCHIVE if isinstance(taken, Job) else RECEIPT: str(taken.pk)} if taken else {})


def _number(request, name):
    sent = request.headers.get(name, "")
    if sent.isascii() and sent.isdigit() and len(sent) <= MOST_DIGITS:
        return int(sent)
    raise serializers.ValidationError({name: [_("A whole number of bytes, 0 or more.")]})


class Metadata(serializers.Serializer):
    """`Upload-Metadata`, taken out of its base64."""

    batch = serializers.UUIDField()
    name = serializers.CharField(max_length=1024)
    key = serializers.CharField(max_length=64, required=False, allow_blank=True)

    def validate_key(self, key):
        return key and keys.checked(key, "key")


def _metadata(request):
    """{"batch", "name", "key"?}. Raises ValidationError, naming the header and what of it does not fit."""
    pairs = [pair.split(" ") for pair in request.headers.get("Upload-Metadata", "").split(",")]
    try:
        found = {name: _text(*value) for name, *value in (pair for pair in pairs if pair != [""])}
    except (TypeError, binascii.Error, UnicodeDecodeError):
        raise serializers.ValidationError({"Upload-Metadata": [_("Pairs of a name and a value in base64.")]}) from None
    shape = Metadata(data=found)
    if not shape.is_valid():
        raise serializers.ValidationError({"Upload-Metadata": shape.errors})
    return shape.validated_data


def _text(value=""):
    return base64.b64decode(value, validate=True).decode()
