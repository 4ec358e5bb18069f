"""Batches: begun, looked at, and what became of their files."""

from django.db import IntegrityError, transaction
from django.http import StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext_noop
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import FormParser
from rest_framework.response import Response

from screening import batches, blinding, parts, permissions
from screening.answers import answers
from screening.models import Batch, Job, Receipt
from webportal import sending
from webportal.api import keys
from webportal.api.access import allowed
from webportal.api.batch_shapes import ArchiveShape, BatchDetail, BatchPage, BatchShape, NewBatch, each_once
from webportal.api.errors import Error
from webportal.api.pages import ByTime, Paging
from webportal.api.parsers import Json
from webportal.api.sent_shapes import Known, ReceiptFilters, ReceiptPage, ReceiptShape, WhichKeys
from webportal.api.studies import given
from webportal.views.access import demand, sees_films

MAY_NOT_SEND = gettext_noop("Films are sent by technologists and radiologists.")
NOT_YOURS = gettext_noop("This batch is somebody else's: begin one of your own.")

DRY = (Batch.State.TRIAL, Batch.State.CONFIRMING, Batch.State.DISCARDED)

REFUSED = dict.fromkeys((400, 401, 403, 404), Error)
BEGUN = {200: BatchDetail, 201: BatchDetail, 415: Error, 422: Error} | REFUSED
CSV = {(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, "A line a file, in the order of the receipts.")}


@extend_schema(methods=["GET"], operation_id="batches_list", parameters=[Paging], responses={200: BatchPage, **REFUSED})
@extend_schema(methods=["POST"], request=NewBatch, parameters=[keys.PARAMETER], responses=BEGUN)
@api_view(["GET", "POST"])
@allowed(sees_films)
@parser_classes([Json, FormParser])
def index(request):
    """The batches of your sites, newest first; or a new one, to send files into."""
    if request.method == "POST":
        batch, new = begin(request)
        headers = {"Location": reverse("api_batch", args=[batch.pk])} | ({} if new else {keys.REPLAYED: "true"})
        return detail(request, batch, status.HTTP_201_CREATED if new else status.HTTP_200_OK, headers)
    Paging(data=request.query_params).filters()
    found = sending.visible_batches(request.user).select_related("site", "uploaded_by")
    return ByTime("created_at").answer(found, request, lambda rows: BatchShape(rows, many=True).data)


@extend_schema(responses={200: BatchDetail, **REFUSED})
@api_view(["GET"])
@allowed(sees_films)
def show(request, pk):
    """One batch: its files by outcome and by reason, and how far the AI is with them."""
    return detail(request, sending.batch_or_404(request.user, pk))


@extend_schema(responses={200: ReceiptPage, **REFUSED}, parameters=[ReceiptFilters])
@api_view(["GET"])
@allowed(sees_films)
def receipts(request, pk):
    """The receipts of a batch in the order they were given, each with the AI's answer where there is one."""
    batch = sending.batch_or_404(request.user, pk)
    found = ReceiptFilters(data=request.query_params).apply(_to_show(request, batch))
    return ByTime("created_at", newest_first=False).answer(found, request, lambda rows: shown(rows, request.user))


def _to_show(request, batch):
    """Of a batch its own receipts; its sender, who asks by `id`, gets those that the manifest sent elsewhere too."""
    if "id" not in request.query_params or batch.uploaded_by_id != request.user.pk:
        return batch.receipts
    return sending.receipts_of(batch).filter(batch__site__in=permissions.sites_of(request.user))


@extend_schema(responses=CSV | REFUSED)
@api_view(["GET"])
@allowed(sees_films)
def receipts_csv(request, pk):
    """All receipts of a batch as a table; a cell that a spreadsheet would take for a formula is quoted."""
    batch = sending.batch_or_404(request.user, pk)
    answer = StreamingHttpResponse(batches.receipts_csv(batch, request.user), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="receipts-{batch.pk}.csv"'
    return answer


@extend_schema(request=WhichKeys, responses={200: Known, 413: Error, 415: Error, **REFUSED})
@api_view(["POST"])
@allowed(permissions.may_upload)
@parser_classes([Json])
def known(request, pk):
    """Which of these files are here: what a sender asks after a break, so as to send the others alone."""
    batch = own_batch(request, pk)
    asked = {"key__in": given(WhichKeys, request)["keys"]}
    taken = sending.receipts_of(batch).filter(**asked)
    on_their_way = parts.living().filter(parts.UNFINISHED, batch=batch, **asked).order_by("created_at")
    return Response(
        {
            "receipts": {each["key"]: each for each in shown(taken, request.user)},
            "archives": {job.key: ArchiveShape(job).data for job in batch.jobs.filter(**asked)},
            "parts": {
                part.key: {"url": reverse("api_part", args=[part.pk]), "offset": part.offset} for part in on_their_way
            },
        }
    )


def own_batch(request, pk):
    """A batch that the user began: into another's nobody sends. 404 and 403."""
    batch = sending.batch_or_404(request.user, pk)
    demand(batch.uploaded_by_id == request.user.pk, NOT_YOURS)
    return batch


def begin(request):
    """(the batch that this request begins, whether it is new). Under a key of before it is the first one, if alike."""
    demand(permissions.may_upload(request.user), MAY_NOT_SEND)
    key = keys.of(request)
    each_once(request.data)
    shape = NewBatch(data=request.data, context={"user": request.user})
    shape.is_valid(raise_exception=True)
    sent = shape.validated_data | {}
    dry_run = sent.pop("dry_run")
    if key and (first := _begun(request, key, sent, dry_run)):
        return first, False
    state = Batch.State.TRIAL if dry_run else Batch.State.OPEN
    # A session is the upload page's, a token is a program's.
    source = Batch.Source.API if request.auth else Batch.Source.PAGE
    try:
        with transaction.atomic():
            return Batch.objects.create(uploaded_by=request.user, source=source, key=key, state=state, **sent), True
    except IntegrityError:  # the same request, at the same moment
        if first := key and _begun(request, key, sent, dry_run):
            return first, False
        raise


def _begun(request, key, sent, dry_run):
    """The user's batch of this key, or None. Raises keys.KeyReused where it was begun with other words."""
    first = Batch.objects.filter(uploaded_by=request.user, key=key).select_related("site").first()
    if first and (_began_dry(first) != dry_run or any(getattr(first, name) != sent[name] for name in sent)):
        raise keys.KeyReused
    return first


def _began_dry(batch):
    """Whether a batch was begun as a dry run, whatever became of it."""
    return batch.state in DRY or batch.jobs.filter(kind=Job.Kind.CONFIRM).exists()


def detail(request, batch, code=status.HTTP_200_OK, headers=None):
    return Response(BatchDetail(batch, context={"user": request.user}).data, status=code, headers=headers)


def shown(found, user, at_once=False):
    """Receipts as the API shows them, with the AI's answers as `user` may see them.

    `at_once`: they were given just now; a new film has no answer, and its study stands as the receipt knows it.
    """
    if not at_once:
        found = Receipt.objects.filter(pk__in=[each.pk for each in found]).select_related("study__site")
    new = Receipt.Outcome.ACCEPTED if at_once else None
    images = [each.image_id for each in found if each.image_id and each.outcome != new]
    hidden = blinding.hidden_ids({each.study for each in found if each.study}, user)
    return ReceiptShape(found, many=True, context={"answers": answers(images, user), "hidden": hidden}).data
