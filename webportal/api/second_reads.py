"""Second reads: each calls one function of screening.rereading, and says nothing of the AI or of the first report."""

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import api_view, parser_classes
from rest_framework.response import Response

from screening import permissions, reading, rereading, second_reads
from screening.models import Certainty, Finding, SecondRead, Side
from webportal.api.access import allowed
from webportal.api.errors import Error
from webportal.api.pages import ByTime, PageShape, Paging
from webportal.api.parsers import Json
from webportal.api.reading import SIGNED, Signature
from webportal.api.shapes import PriorityField, ReadShape
from webportal.api.studies import given
from webportal.views.second_reads import open_or_404


class Film(serializers.Serializer):
    """One picture of the study; it is at `/images/{id}/viewing`."""

    id = serializers.UUIDField()
    view = serializers.CharField()
    rows = serializers.IntegerField()
    columns = serializers.IntegerField()
    bits = serializers.IntegerField()


class Said(serializers.Serializer):
    """What one of two readers said, without the name."""

    finding = serializers.ChoiceField(choices=Finding)
    side = serializers.ChoiceField(choices=Side, allow_blank=True)
    certainty = serializers.ChoiceField(choices=Certainty, allow_blank=True)
    comment = serializers.CharField()
    signed_at = serializers.DateTimeField()


class SecondReadShape(serializers.Serializer):
    """A study to read a second time, or, where `stage` is `adjudication`, to decide as the third reader."""

    id = serializers.UUIDField()
    stage = serializers.ChoiceField(choices=SecondRead.Stage)
    study = serializers.UUIDField(source="study_id", help_text="Opening it ends a blinded read.")
    site = serializers.CharField(source="study.site.code")
    priority = PriorityField(source="study.priority")
    age_years = serializers.FloatField(source="study.age_years", allow_null=True)
    sex = serializers.CharField(source="study.sex")
    clinical_question = serializers.CharField(source="study.clinical_question")
    synthetic = serializers.BooleanField(source="study.synthetic")
    version = serializers.IntegerField(source="study.version", help_text="Send it back when you sign.")
    waiting_since = serializers.DateTimeField(source="created_at")
    claimed_until = serializers.DateTimeField(allow_null=True, help_text="Of your own claim; null where you have none.")
    images = Film(source="study.images", many=True)
    differ = serializers.SerializerMethodField(help_text="The two reads that differ; empty for a second reader.")

    @extend_schema_field(Said(many=True))
    def get_differ(self, second):
        if second.stage != SecondRead.Stage.ADJUDICATION:
            return []
        return Said([reading.report(second.study), second.second], many=True).data


class SecondReadPage(PageShape):
    results = SecondReadShape(many=True)


DONE = {200: SecondReadShape, 401: Error, 403: Error, 404: Error, 409: Error}


@extend_schema(
    operation_id="second_reads_list",
    parameters=[Paging],
    responses={200: SecondReadPage, 400: Error, 401: Error, 403: Error},
)
@api_view(["GET"])
@allowed(permissions.may_read)
def index(request):
    """The second reads that you may do, the oldest first. Why each is there is not said, since you read blinded."""
    Paging(data=request.query_params).filters()
    rows = second_reads.waiting(request.user).select_related("second").prefetch_related("study__images", "study__reads")
    page = ByTime("created_at", newest_first=False)
    return page.answer(rows, request, lambda found: SecondReadShape(found, many=True).data)


@extend_schema(request=None, responses={200: SecondReadShape, 204: None, 401: Error, 403: Error})
@api_view(["POST"])
@allowed(permissions.may_read)
def next_one(request):
    """Claim the second read that is most urgent, or sometimes the oldest; 204 where none waits for you."""
    taken = rereading.claim_next(request.user)
    return Response(status=204) if taken is None else Response(SecondReadShape(taken).data)


@extend_schema(request=None, responses=DONE)
@api_view(["POST"])
@allowed(permissions.may_read)
def claim(request, pk):
    """Claim this second read for 15 minutes, or renew your own claim."""
    second = open_or_404(request.user, pk)
    rereading.claim(second, request.user)
    return Response(SecondReadShape(open_or_404(request.user, pk)).data)


@extend_schema(request=None, responses=DONE)
@api_view(["POST"])
@allowed(permissions.may_read)
def release(request, pk):
    """Give it back for another reader."""
    rereading.release(open_or_404(request.user, pk), request.user)
    return Response(SecondReadShape(open_or_404(request.user, pk)).data)


@extend_schema(request=Signature, responses=SIGNED)
@api_view(["POST"])
@allowed(permissions.may_read)
@parser_classes([Json])
def sign(request, pk):
    """Sign it. Needs your live claim; where your finding differs from the report a third reader decides."""
    second = open_or_404(request.user, pk)
    read = rereading.sign(second, request.user, **given(Signature, request))
    return Response(ReadShape(read).data, status=201)
