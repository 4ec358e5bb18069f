"""Claiming, releasing, signing, adding: each calls one function of screening.reading."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, parser_classes
from rest_framework.response import Response

from screening import permissions, reading, worklist
from screening.models import Certainty, Finding, Side
from webportal.api.access import allowed
from webportal.api.errors import Error
from webportal.api.parsers import Json
from webportal.api.shapes import ReadShape, StudyDetail
from webportal.api.studies import CHANGES, detail, given
from webportal.report_form import happened
from webportal.views.access import demand, study_or_404


class Reading(serializers.Serializer):
    finding = serializers.ChoiceField(choices=Finding.choices)
    side = serializers.ChoiceField(
        choices=Side, required=False, default="", allow_blank=True, help_text="Kept with `present`, `indeterminate`."
    )
    certainty = serializers.ChoiceField(choices=Certainty, required=False, default="", allow_blank=True)
    comment = serializers.CharField(max_length=4000, required=False, default="", allow_blank=True)
    urgent = serializers.CharField(
        max_length=500, required=False, default="", allow_blank=True, help_text="Another finding that cannot wait."
    )
    told_to = serializers.CharField(
        max_length=120, required=False, default="", allow_blank=True, help_text="Whom you told of it."
    )
    told_at = serializers.DateTimeField(
        required=False, default=None, allow_null=True, help_text="When; else now.", validators=[happened]
    )

    def validate(self, said):
        if said["told_to"] and not said["urgent"]:
            raise serializers.ValidationError({"urgent": [_("Say which urgent finding somebody was told of.")]})
        return said


class Signature(Reading):
    version = serializers.IntegerField(help_text="The `version` of the study as you saw it.")


def _open(request, pk):
    study = study_or_404(request.user, pk)
    demand(permissions.may_read(request.user, study))
    return study


@extend_schema(request=None, responses={200: StudyDetail, 204: None, 401: Error, 403: Error})
@api_view(["POST"])
@allowed(permissions.may_read)
def next_study(request):
    """Claim the study on top of your worklist; 204 where none waits."""
    study = reading.claim_next(worklist.waiting(permissions.visible_studies(request.user)), request.user)
    return Response(status=204) if study is None else detail(request, study.pk)


@extend_schema(request=None, responses=CHANGES)
@api_view(["POST"])
@allowed(permissions.may_read)
def claim(request, pk):
    """Claim this study for 15 minutes, or renew your own claim."""
    reading.claim(_open(request, pk), request.user)
    return detail(request, pk)


@extend_schema(request=None, responses=CHANGES)
@api_view(["POST"])
@allowed(permissions.may_read)
def release(request, pk):
    """Give the study back to its old place."""
    reading.release(_open(request, pk), request.user)
    return detail(request, pk)


SIGNED = {201: ReadShape, 400: Error, 401: Error, 403: Error, 404: Error, 409: Error}


@extend_schema(request=Signature, responses=SIGNED)
@api_view(["POST"])
@allowed(permissions.may_read)
@parser_classes([Json])
def sign(request, pk):
    """Sign what you saw. Needs your live claim; 409 `new_image` where an image has joined since `version`."""
    read = reading.sign(_open(request, pk), request.user, **given(Signature, request))
    return Response(ReadShape(read).data, status=201)


@extend_schema(request=Reading, responses=SIGNED)
@api_view(["POST"])
@allowed(permissions.may_read)
@parser_classes([Json])
def addend(request, pk):
    """Add to a signed study; the first read stays as it was."""
    read = reading.addend(_open(request, pk), request.user, **given(Reading, request))
    return Response(ReadShape(read).data, status=201)
