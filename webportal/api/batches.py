"""Sending films: batches, their files and receipts, and the one-shot upload that answers with the prediction."""

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view, parser_classes
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.response import Response

from screening import permissions, wording
from screening.answers import answers
from screening.models import Batch, Job, Receipt
from webportal import sending
from webportal.api.access import allowed
from webportal.api.errors import Error
from webportal.api.sent_shapes import (
    ArchiveShape,
    BatchDetail,
    BatchShape,
    Files,
    NewBatch,
    ReceiptFilters,
    ReceiptPage,
    ReceiptShape,
    Taken,
    Upload,
)  # fmt: skip
from webportal.views.access import demand, sees_films

LONGEST_WAIT_S = 30
# What one refused file is told where "422, the right type but of no use" is not it.
TOO_LARGE = {"too_large", "too_many_pixels", "archive_too_large"}
UNSUPPORTED_TYPE = {"unsupported_type", "transfer_syntax"}
STATUS = {
    Receipt.Outcome.ACCEPTED: status.HTTP_201_CREATED,
    Receipt.Outcome.DUPLICATE: status.HTTP_200_OK,
    Receipt.Outcome.SKIPPED: status.HTTP_200_OK,
    Receipt.Outcome.CONFLICT: status.HTTP_409_CONFLICT,
    Receipt.Outcome.REJECTED: status.HTTP_422_UNPROCESSABLE_ENTITY,
}
MAY_NOT_SEND = "Films are sent by technologists and radiologists."

REFUSED = dict.fromkeys((400, 401, 403, 404), Error)
ONE_FILE = dict.fromkeys((200, 201, 202, 409, 413, 415, 422), Taken) | REFUSED | {507: Error}
LIST = OpenApiParameter("list", bool, description="Answer one file as several are: 200 or 201 with a list of receipts.")
WAIT = OpenApiParameter("wait", float, description="Seconds to wait for the AI's answer, 0 to 30.")


@extend_schema(methods=["GET"], operation_id="batches_list", responses={200: BatchShape(many=True), **REFUSED})
@extend_schema(methods=["POST"], request=NewBatch, responses={201: BatchDetail, **REFUSED})
@api_view(["GET", "POST"])
@allowed(sees_films)
@parser_classes([JSONParser, FormParser])
def index(request):
    """The batches of your sites, newest first; or a new one, to send files into."""
    if request.method == "POST":
        return _detail(_new_batch(request), status.HTTP_201_CREATED)
    batches = sending.visible_batches(request.user).select_related("site", "uploaded_by")
    return _page(NewestFirst(), batches, request, lambda found: BatchShape(found, many=True).data)


@extend_schema(responses={200: BatchDetail, **REFUSED})
@api_view(["GET"])
@allowed(sees_films)
def show(request, pk):
    """One batch: its files by outcome and by reason, and how far the AI is with them."""
    return _detail(sending.batch_or_404(request.user, pk))


@extend_schema(
    responses={200: ReceiptPage, **REFUSED},
    parameters=[ReceiptFilters],
)
@api_view(["GET"])
@allowed(sees_films)
def receipts(request, pk):
    """The receipts of a batch in the order they were given, each with the AI's answer where there is one."""
    batch = sending.batch_or_404(request.user, pk)
    found = ReceiptFilters(data=request.query_params).apply(batch.receipts)
    return _page(InOrder(), found, request, _receipts)


@extend_schema(request={"multipart/form-data": Files}, parameters=[WAIT, LIST], responses=ONE_FILE)
@api_view(["POST"])
@allowed(permissions.may_upload)
@parser_classes([MultiPartParser])
def files(request, pk):
    """Send files into a batch of your own. One file is answered by its status; several by a list of receipts.

    One file: 201 accepted, 200 already here or left out, 202 a ZIP (its entries follow), or an answer that the AI
    still owes after `wait`; 409 conflict, 413 too large, 415 another type, 422 of no use.
    """
    batch = sending.batch_or_404(request.user, pk)
    demand(batch.uploaded_by_id == request.user.pk, "This batch is somebody else's: begin one of your own.")
    seconds, sent = _seconds(request), _sent(request)
    path = request.data.get("name", "") if len(sent) == 1 else ""
    taken = [sending.take(request, batch, file, path) for file in sent]
    as_list = len(sent) > 1 or request.query_params.get("list") == "true"
    return _many(taken, seconds) if as_list else _one(taken[0], seconds)


@extend_schema(request={"multipart/form-data": Upload}, parameters=[WAIT], responses=ONE_FILE)
@api_view(["POST"])
@allowed(permissions.may_upload)
@parser_classes([MultiPartParser])
def upload(request):
    """Send one file in one request; with `?wait=20` the answer is the prediction."""
    seconds, sent = _seconds(request), _sent(request)
    if len(sent) > 1:
        raise serializers.ValidationError({"file": ["Send one file here, or several into a batch."]})
    return _one(sending.take(request, _new_batch(request), sent[0]), seconds)


class NewestFirst(CursorPagination):
    ordering, page_size, page_size_query_param, max_page_size = ("-created_at", "-id"), 50, "size", 200


class InOrder(NewestFirst):
    ordering = ("created_at", "id")


def _page(pages, found, request, shaped):
    results = shaped(pages.paginate_queryset(found, request))
    links = {"next": pages.get_next_link(), "previous": pages.get_previous_link()}
    return Response(links | {"research_use": wording.RESEARCH_USE, "results": results})


def _new_batch(request):
    demand(permissions.may_upload(request.user), MAY_NOT_SEND)
    sent = NewBatch(data=request.data, context={"user": request.user})
    sent.is_valid(raise_exception=True)
    # A session is the upload page's, a token is a program's.
    source = Batch.Source.API if request.auth else Batch.Source.PAGE
    return Batch.objects.create(uploaded_by=request.user, source=source, **sent.validated_data)


def _detail(batch, code=status.HTTP_200_OK):
    return Response(BatchDetail(batch).data, status=code)


def _seconds(request):
    field = serializers.FloatField(min_value=0, max_value=LONGEST_WAIT_S)
    try:
        return field.run_validation(request.query_params.get("wait", 0))
    except serializers.ValidationError as error:
        raise serializers.ValidationError({"wait": error.detail}) from None


def _sent(request):
    if sent := request.FILES.getlist("file"):
        return sent
    raise serializers.ValidationError({"file": ["Send at least one file in the field `file`."]})


def _one(taken, seconds):
    """The answer to one file, whose status says what became of it."""
    if isinstance(taken, Job):
        where = reverse("api_batch", args=[taken.batch_id])
        return Response({"archive": ArchiveShape(taken).data}, status.HTTP_202_ACCEPTED, headers={"Location": where})
    answered = not seconds or sending.wait_for([taken], seconds)
    body = {"receipt": _receipts([taken])[0]}
    if taken.outcome in (Receipt.Outcome.REJECTED, Receipt.Outcome.CONFLICT):
        body["error"] = {"code": taken.reason, "sentence": taken.sentence}
    if answered:
        return Response(body, _status(taken))
    where = reverse("api_study", args=[taken.study_id])
    return Response(body, status.HTTP_202_ACCEPTED, headers={"Location": where})


def _status(receipt):
    if receipt.reason in TOO_LARGE:
        return status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    if receipt.reason in UNSUPPORTED_TYPE:
        return status.HTTP_415_UNSUPPORTED_MEDIA_TYPE
    return STATUS[receipt.outcome]


def _many(taken, seconds):
    """The answer to several files: 201 where at least one was accepted, whatever became of the others."""
    given = [each for each in taken if isinstance(each, Receipt)]
    if seconds:
        sending.wait_for(given, seconds)
    new = any(each.outcome == Receipt.Outcome.ACCEPTED for each in given)
    archives = ArchiveShape([each for each in taken if isinstance(each, Job)], many=True).data
    body = {"receipts": _receipts(given), "archives": archives}
    return Response(body, status.HTTP_201_CREATED if new else status.HTTP_200_OK)


def _receipts(found):
    """Receipts as the API shows them, with the AI's answers as they stand now."""
    found = Receipt.objects.filter(pk__in=[each.pk for each in found]).select_related("study")
    images = [each.image_id for each in found if each.image_id]
    return ReceiptShape(found, many=True, context={"answers": answers(images)}).data
