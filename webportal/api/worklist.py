"""The worklist, in its order."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.response import Response

from screening import permissions, wording, worklist
from webportal.api.access import allowed
from webportal.api.errors import Error
from webportal.api.pages import Asked
from webportal.api.shapes import WorklistRow


class Place(Asked):
    """Which part of the worklist."""

    filter = serializers.ChoiceField(choices=["all", "mine", *worklist.FILTERS], default="all")
    after = serializers.CharField(required=False, help_text="The `after` of the page before.")


class WorklistPage(serializers.Serializer):
    ordered_at = serializers.DateTimeField(help_text="The instant of the order; `after` keeps it from page to page.")
    after = serializers.CharField(allow_null=True, help_text="Send it for the next page; null at the end.")
    order_limits = serializers.CharField()
    research_use = serializers.CharField()
    results = WorklistRow(many=True)


SHOWN = {200: WorklistPage, 400: Error, 401: Error, 403: Error}


@extend_schema(operation_id="worklist", parameters=[Place], responses=SHOWN)
@api_view(["GET"])
@allowed(permissions.may_see_worklist)
def show(request):
    """The studies of your sites that wait for a reader or are being read, in the order of reading."""
    asked = Place(data=request.query_params)
    asked.is_valid(raise_exception=True)
    studies = worklist.waiting(permissions.visible_studies(request.user))
    chosen = asked.validated_data["filter"]
    if chosen == "mine":
        studies = studies.filter(claimed_by=request.user)
    elif chosen != "all":
        studies = studies.filter(worklist.FILTERS[chosen])
    page = worklist.page(studies, after=asked.validated_data.get("after"))
    return Response(
        {
            "ordered_at": page.t0,
            "after": page.after,
            "order_limits": wording.ORDER_LIMITS,
            "research_use": wording.RESEARCH_USE,
            "results": WorklistRow(page.studies, many=True, context={"now": page.t0}).data,
        }
    )
