"""What staff do with one picture: say which view it is, and have it decoded again."""

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_noop
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, parser_classes

from screening import handling, permissions
from screening.models import Image
from webportal.api.access import allowed
from webportal.api.errors import Error
from webportal.api.parsers import Json
from webportal.api.studies import CHANGES, detail, given
from webportal.views.access import demand, sees_films
from workers import dispatch

MAY_NOT = gettext_noop(
    "A technologist or radiologist of its site does this, while the study is neither read nor withdrawn."
)


class ViewWish(serializers.Serializer):
    view = serializers.ChoiceField(choices=["PA", "AP", "LATERAL", ""], help_text="Empty: not known.")


@extend_schema(request=ViewWish, responses={**CHANGES, 413: Error, 415: Error})
@api_view(["POST"])
@allowed(sees_films)
@parser_classes([Json])
def correct_view(request, pk):
    """Say which view a picture is: a lateral one keeps the AI from it, a frontal one has it screened."""
    image = _image(request, pk)
    dispatch.ring(handling.correct_view(image, given(ViewWish, request)["view"], request.user))
    return detail(request, image.study_id)


@extend_schema(request=None, responses={**CHANGES, 422: Error, 503: Error, 507: Error})
@api_view(["POST"])
@allowed(sees_films)
def decode_again(request, pk):
    """Try a picture again that could not be decoded when it came."""
    image = _image(request, pk)
    dispatch.ring(handling.decode_again(image, request.user))
    return detail(request, image.study_id)


def _image(request, pk):
    """A picture that the user may handle: 404 where it is not there for the user, 403 where the rule does not hold."""
    studies = permissions.visible_studies(request.user)
    image = get_object_or_404(Image.objects.select_related("study__site"), pk=pk, study__in=studies)
    demand(permissions.may_correct_view(request.user, image.study), MAY_NOT)
    return image
