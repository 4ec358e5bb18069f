"""What is done with a batch as a whole: a dry run confirmed or discarded, the rest cancelled or tried again."""

from django.utils.translation import gettext_noop
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, parser_classes

from screening import batches, holding, permissions
from webportal import sending
from webportal.api.access import allowed
from webportal.api.batch_shapes import BatchDetail
from webportal.api.batches import REFUSED, detail, own_batch
from webportal.api.errors import Error
from webportal.api.parsers import Json
from webportal.api.studies import given
from webportal.views.access import demand, sees_films
from workers import dispatch

DONE = {200: BatchDetail, 409: Error, **REFUSED}


class Again(serializers.Serializer):
    """What to try again; without a code, all that can succeed."""

    code = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)


@extend_schema(request=None, responses=DONE)
@api_view(["POST"])
@allowed(permissions.may_upload)
def confirm(request, pk):
    """Take what a dry run holds: nothing is sent again, and the receipts say what became of each file in the end."""
    batch = own_batch(request, pk)
    dispatch.ring_for_job(holding.confirm(batch, request.user))
    return _as_it_stands(request, pk)


@extend_schema(request=None, responses=DONE)
@api_view(["POST"])
@allowed(permissions.may_upload)
def discard(request, pk):
    """Drop what a dry run holds. Its receipts stay, and say what would have become of the files."""
    holding.discard(own_batch(request, pk), request.user)
    return _as_it_stands(request, pk)


@extend_schema(request=None, responses=DONE)
@api_view(["POST"])
@allowed(sees_films)
def cancel(request, pk):
    """Take no more files, unpack no more archives, and apply the AI no more; the studies stay on the worklist."""
    batch = _to_handle(request, pk)
    batches.cancel(batch, request.user)
    return _as_it_stands(request, pk)


@extend_schema(request=Again, responses={**DONE, 413: Error, 415: Error})
@api_view(["POST"])
@allowed(sees_films)
@parser_classes([Json])
def retry(request, pk):
    """Try again what failed for one reason, or all that can succeed; a cancelled batch goes on."""
    batch = _to_handle(request, pk)
    ids, jobs = batches.retry(batch, request.user, code=given(Again, request)["code"] or None)
    dispatch.ring(ids)
    for job in jobs:
        dispatch.ring_for_job(job)
    return _as_it_stands(request, pk)


def _to_handle(request, pk):
    batch = sending.batch_or_404(request.user, pk)
    demand(
        permissions.may_handle_batch(request.user, batch),
        gettext_noop("The sender of a batch, or a technologist, does this."),
    )
    return batch


def _as_it_stands(request, pk):
    return detail(request, sending.batch_or_404(request.user, pk))
