"""The worklist, in its order."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.response import Response

from screening import blinding, permissions, wording, worklist
from screening.choice import AI, EVERYTHING, Choice
from screening.models import Band
from webportal.api.access import allowed
from webportal.api.errors import Error
from webportal.api.pages import Asked
from webportal.api.shapes import PriorityField, WorklistRow

# The names of `filter`, as choices.
NAMED = {name: Choice(band=name) for name in Band.values} | {
    name: Choice(ai=name) for name in ("pending", "without_ai")
}


class Place(Asked):
    """Which part of the worklist. What is asked for together must hold together."""

    filter = serializers.ChoiceField(choices=["all", "mine", *NAMED], default="all", help_text="The chips of the page.")
    site = serializers.SlugField(required=False, help_text="The code of one of your sites.")
    band = serializers.ChoiceField(choices=Band, required=False)
    ai = serializers.ChoiceField(choices=[(name, words) for name, (words, _) in AI.items()], required=False)
    overdue = serializers.BooleanField(required=False, help_text="Those past their limit alone.")
    unclaimed = serializers.BooleanField(required=False, help_text="Those that nobody is reading alone.")
    mine = serializers.BooleanField(required=False, help_text="Those that you are reading alone.")
    after = serializers.CharField(required=False, help_text="The `after` of the page before.")

    def get_fields(self):
        # `class` is the word of the API, and none that Python lets one write above.
        return super().get_fields() | {"class": PriorityField(required=False)}

    def choice(self, user):
        """The Choice that was asked for. Raises ValidationError."""
        self.is_valid(raise_exception=True)
        asked = self.validated_data
        named = NAMED.get(asked["filter"], EVERYTHING)
        mine = asked.get("mine") or asked["filter"] == "mine"
        return Choice(
            priority=asked.get("class"),
            band=asked.get("band", named.band),
            ai=asked.get("ai", named.ai),
            mine=user.pk if mine else None,
            unclaimed=asked.get("unclaimed", False),
            overdue=asked.get("overdue", False),
        )


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
    asked, user = Place(data=request.query_params), request.user
    choice, code = asked.choice(user), asked.validated_data.get("site")
    sites = list(permissions.sites_of(user))
    among = [site for site in sites if code in (None, site.code)]
    if not among and code:
        raise serializers.ValidationError({"site": [_("None of your sites has this code.")]})
    blind = [site for site in sites if site.blind_first] if permissions.may_read(user) else []
    choice, among = choice.within(among, blind)
    studies = worklist.waiting(permissions.visible_studies(user))
    page = worklist.page(studies, sites=among, choice=choice, after=asked.validated_data.get("after"))
    context = {"now": page.t0, "hidden": blinding.hidden_ids(page.studies, user)}
    return Response(
        {
            "ordered_at": page.t0,
            "after": page.after,
            "order_limits": _(wording.ORDER_LIMITS),
            "research_use": _(wording.RESEARCH_USE),
            "results": WorklistRow(page.studies, many=True, context=context).data,
        }
    )
