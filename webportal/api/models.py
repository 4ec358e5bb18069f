"""Model versions: their cards for whoever is logged in, promotion and the like for administrators."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, parser_classes
from rest_framework.response import Response

from screening import comparing, permissions, rescreening
from screening.models import ModelVersion, Site
from webportal.api.access import allowed
from webportal.api.errors import Error
from webportal.api.parsers import Json
from webportal.api.studies import given
from webportal.model_card import ModelCard
from webportal.views.access import anyone
from workers import promoting

REFUSED = dict.fromkeys((401, 403, 404, 409), Error)


class ModelRow(serializers.Serializer):
    """A model version; which of them scored a film, every score says itself."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    version = serializers.CharField()
    architecture = serializers.CharField()
    sha256 = serializers.CharField(help_text="Of the weights.")
    card_sha256 = serializers.CharField(help_text="Of the card; another card is another version.")
    state = serializers.SerializerMethodField(help_text="`active`, `shadow`, `replaced` or `available`.")
    created_at = serializers.DateTimeField()
    activated_at = serializers.DateTimeField(allow_null=True, help_text="When it last became the active one.")
    checked_at = serializers.DateTimeField(allow_null=True, help_text="When its weights and canary were checked.")

    def get_state(self, version) -> str:
        return ModelCard(version).state


class ModelDetail(ModelRow):
    card = serializers.JSONField(help_text="The whole model card.")


class Preview(serializers.Serializer):
    """What a promotion would do, from what the version has scored by now."""

    waiting = serializers.IntegerField(help_text="Studies on the worklist.")
    up = serializers.IntegerField(help_text="Of them, those that come due earlier.")
    down = serializers.IntegerField(help_text="Those that come due later.")
    unscored = serializers.IntegerField(help_text="Those that the version has not scored yet.")
    absent_likely = serializers.IntegerField(help_text="Studies read as absent that become likely.")


class ShadowWish(serializers.Serializer):
    on = serializers.BooleanField(help_text="true: it scores what arrives, and nobody is shown.")


class PromoteWish(serializers.Serializer):
    was = serializers.UUIDField(
        required=False, help_text="The version that is active: 409 where another is by now. Left out, it is not asked."
    )


class RollBackWish(serializers.Serializer):
    to = serializers.UUIDField(
        required=False, help_text="The version that was active before: 409 where it is another. Left out, any will do."
    )


class RescreenWish(serializers.Serializer):
    """Which studies it screens again."""

    studies = serializers.ChoiceField(
        choices=[name for name, _, _ in rescreening.CHOICES], default="waiting", source="status"
    )
    site = serializers.SlugRelatedField(slug_field="code", queryset=Site.objects.all(), required=False)
    since = serializers.DateField(required=False, help_text="Received on that day or later.")


class Rescreened(serializers.Serializer):
    images = serializers.IntegerField(help_text="Images that were put into the queue.")


@extend_schema(operation_id="models_list", responses={200: ModelRow(many=True), 401: Error}, tags=["models"])
@api_view(["GET"])
@allowed(anyone)
def index(request):
    """Every model version, the active one first."""
    found = ModelVersion.objects.order_by("-active", "-shadow", "-activated_at", "-created_at")
    return Response(ModelRow(found, many=True).data)


@extend_schema(operation_id="models_one", responses={200: ModelDetail, 401: Error, 404: Error}, tags=["models"])
@api_view(["GET"])
@allowed(anyone)
def show(request, pk):
    """One model version with its card."""
    return Response(ModelDetail(get_object_or_404(ModelVersion, pk=pk)).data)


@extend_schema(responses={200: Preview, **REFUSED}, tags=["models"])
@api_view(["GET"])
@allowed(permissions.may_administer)
def preview(request, pk):
    """What a promotion of this version would move."""
    active = ModelVersion.objects.filter(active=True).first()
    return Response(Preview(comparing.preview(get_object_or_404(ModelVersion, pk=pk), active)).data)


@extend_schema(request=PromoteWish, responses={200: ModelDetail, 400: Error, **REFUSED}, tags=["models"])
@api_view(["POST"])
@allowed(permissions.may_administer)
@parser_classes([Json])
def promote(request, pk):
    """Make this version the active one; 409 `model_refused` with the reason where it may not serve."""
    version = get_object_or_404(ModelVersion, pk=pk)
    version = promoting.promote(version, request.user, **given(PromoteWish, request))
    return Response(ModelDetail(version).data)


@extend_schema(request=RollBackWish, responses={200: ModelDetail, 400: Error, **REFUSED}, tags=["models"])
@api_view(["POST"])
@allowed(permissions.may_administer)
@parser_classes([Json])
def roll_back(request):
    """Make the version active again that was active before."""
    return Response(ModelDetail(promoting.roll_back(request.user, **given(RollBackWish, request))).data)


@extend_schema(request=ShadowWish, responses={200: ModelDetail, 400: Error, **REFUSED}, tags=["models"])
@api_view(["POST"])
@allowed(permissions.may_administer)
@parser_classes([Json])
def shadow(request, pk):
    """Put this version into shadow, or take it out."""
    version = get_object_or_404(ModelVersion, pk=pk)
    promoting.set_shadow(version, given(ShadowWish, request)["on"], request.user)
    return Response(ModelDetail(version).data)


@extend_schema(request=RescreenWish, responses={202: Rescreened, 400: Error, **REFUSED}, tags=["models"])
@api_view(["POST"])
@allowed(permissions.may_administer)
@parser_classes([Json])
def rescreen(request, pk):
    """Screen chosen studies again by this version; both predictions stay, and read studies stay read."""
    wish = rescreening.Wish(get_object_or_404(ModelVersion, pk=pk), **given(RescreenWish, request))
    return Response({"images": promoting.rescreen(wish, request.user)}, status=202)
