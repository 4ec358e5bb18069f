"""Sending files into a batch, the list that stands beside them, and the one-shot upload that gives the prediction."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from screening import manifest, permissions
from screening.models import Job, Receipt
from screening.said_elsewhere import said
from webportal import sending
from webportal.api import keys
from webportal.api.access import allowed
from webportal.api.batch_shapes import ArchiveShape
from webportal.api.batches import REFUSED, begin, own_batch, shown
from webportal.api.errors import Error
from webportal.api.parsers import Table
from webportal.api.sent_shapes import Files, ManifestShape, Path, Taken, Upload

LONGEST_WAIT_S = 30
# What one refused file is told where "422, the right type but of no use" is not it.
TOO_LARGE = {"too_large", "too_many_pixels", "inflates_too_large", "archive_too_large"}
UNSUPPORTED_TYPE = {"unsupported_type", "transfer_syntax"}
STATUS = {
    Receipt.Outcome.ACCEPTED: status.HTTP_201_CREATED,
    Receipt.Outcome.DUPLICATE: status.HTTP_200_OK,
    Receipt.Outcome.SKIPPED: status.HTTP_200_OK,
    Receipt.Outcome.CONFLICT: status.HTTP_409_CONFLICT,
    Receipt.Outcome.REJECTED: status.HTTP_422_UNPROCESSABLE_ENTITY,
}
NO_FILE = gettext_noop("Send at least one file in the field `file`.")
ONE_AT_A_TIME = gettext_noop("Send one file here, or several into a batch.")
ONE_KEY = gettext_noop("A key stands for one file: send them one by one, or without a key.")

# One more than a manifest may hold, for it to be told.
MAX_TABLE_B = manifest.MAX_B + 1

# A refused file is answered with its receipt too, beside the error.
ONE_FILE = dict.fromkeys((200, 201, 202, 409, 413, 415, 422), Taken) | REFUSED | {429: Error, 507: Error}
LIST = OpenApiParameter("list", bool, description="Answer one file as several are: 200 or 201 with a list of receipts.")
WAIT = OpenApiParameter("wait", float, description="Seconds to wait for the AI's answer, 0 to 30.")
LISTED = {200: ManifestShape, 409: Error, 413: Error, 415: Error, **REFUSED}


@extend_schema(request={"multipart/form-data": Files}, parameters=[WAIT, LIST, keys.PARAMETER], responses=ONE_FILE)
@api_view(["POST"])
@allowed(permissions.may_upload)
@parser_classes([MultiPartParser])
def files(request, pk):
    """Send files into a batch of your own. One file is answered by its status; several by a list of receipts.

    One file: 201 accepted, 200 already here or left out, 202 a ZIP (its entries follow), or an answer that the AI
    still owes after `wait`; 409 conflict, 413 too large, 415 another type, 422 of no use.
    """
    batch = own_batch(request, pk)
    seconds, sent, key = _seconds(request), _sent(request), keys.of(request)
    path = Path.of(request.data) if len(sent) == 1 else ""
    if key and len(sent) > 1:
        raise serializers.ValidationError({keys.HEADER: [_(ONE_KEY)]})
    before = sending.sent_before(batch, key)
    taken = [sending.take(request, batch, file, path, key, before) for file in sent]
    if len(sent) > 1 or request.query_params.get("list") == "true":
        return _many(request, taken, before == taken[0], seconds)
    return _one(request, taken[0], before == taken[0], seconds)


@extend_schema(request={"multipart/form-data": Upload}, parameters=[WAIT, keys.PARAMETER], responses=ONE_FILE)
@api_view(["POST"])
@allowed(permissions.may_upload)
@parser_classes([MultiPartParser])
def upload(request):
    """Send one file in one request; with `?wait=20` the answer is the prediction."""
    seconds, sent = _seconds(request), _sent(request)
    if len(sent) > 1:
        raise serializers.ValidationError({"file": [_(ONE_AT_A_TIME)]})
    batch = begin(request)[0]
    key = keys.of(request)
    before = sending.sent_before(batch, key)
    taken = sending.take(request, batch, sent[0], key=key, before=before)
    return _one(request, taken, before == taken, seconds)


@extend_schema(request={"multipart/form-data": Files, "text/csv": bytes}, responses=LISTED)
@api_view(["POST"])
@allowed(permissions.may_upload)
@parser_classes([MultiPartParser, Table])
def read_manifest(request, pk):
    """Send the list of the films before the films: a CSV whose column `file` names them. Its bad rows are told."""
    batch = own_batch(request, pk)
    sending.demand_open(batch)
    # DRF gives an empty body another type.
    if request.content_type == Table.media_type:
        return _read_list(batch, request.data or b"", manifest.NAME)
    # Its path says which folder it is about; a list without one is about them all.
    return _read_list(batch, _sent(request)[0].read(MAX_TABLE_B), Path.of(request.data) or manifest.NAME)


def _read_list(batch, data, source):
    return Response(ManifestShape(manifest.read(batch, data, source)).data)


def _seconds(request):
    field = serializers.FloatField(min_value=0, max_value=LONGEST_WAIT_S)
    try:
        return field.run_validation(request.query_params.get("wait", 0))
    except serializers.ValidationError as error:
        raise serializers.ValidationError({"wait": error.detail}) from None


def _sent(request):
    if sent := request.FILES.getlist("file"):
        return sent
    raise serializers.ValidationError({"file": [_(NO_FILE)]})


def _one(request, taken, again, seconds):
    """The answer to one file, whose status says what became of it; `again`: it was sent before, under its key."""
    headers = {keys.REPLAYED: "true"} if again else {}
    if isinstance(taken, Job):
        headers["Location"] = reverse("api_batch", args=[taken.batch_id])
        return Response({"archive": ArchiveShape(taken).data}, status.HTTP_202_ACCEPTED, headers=headers)
    answered = not seconds or sending.wait_for([taken], seconds)
    body = {"receipt": shown([taken], request.user, at_once=not (seconds or again))[0]}
    if taken.outcome in (Receipt.Outcome.REJECTED, Receipt.Outcome.CONFLICT):
        body["error"] = {"code": taken.reason, "sentence": said(taken.sentence)}
    if answered:
        return Response(body, _status(taken), headers=headers)
    headers["Location"] = reverse("api_study", args=[taken.study_id])
    return Response(body, status.HTTP_202_ACCEPTED, headers=headers)


def _status(receipt):
    if receipt.reason in TOO_LARGE:
        return status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    if receipt.reason in UNSUPPORTED_TYPE:
        return status.HTTP_415_UNSUPPORTED_MEDIA_TYPE
    return STATUS[receipt.outcome]


def _many(request, taken, again, seconds):
    """The answer to several files: 201 where at least one was accepted, whatever became of the others."""
    given = [each for each in taken if isinstance(each, Receipt)]
    if seconds:
        sending.wait_for(given, seconds)
    new = any(each.outcome == Receipt.Outcome.ACCEPTED for each in given)
    archives = ArchiveShape([each for each in taken if isinstance(each, Job)], many=True).data
    body = {"receipts": shown(given, request.user, at_once=not (seconds or again)), "archives": archives}
    return Response(body, status.HTTP_201_CREATED if new else status.HTTP_200_OK)
