"""Studies: the list, one study, and what staff do with an unread one."""

from functools import partial

from django.db.models import Prefetch, prefetch_related_objects
from django.utils.translation import gettext_noop
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, parser_classes
from rest_framework.response import Response

from screening import blinding, handling, permissions
from screening.models import SHOWN, Band, Event, Prediction, Screening, Study
from webportal.api.access import allowed
from webportal.api.errors import Error
from webportal.api.pages import ByTime, PageShape, Paging
from webportal.api.parsers import Json
from webportal.api.shapes import PriorityField, StudyDetail, StudyRow
from webportal.views.access import demand, sees_films, study_or_404
from webportal.views.studies import abilities
from workers import dispatch

CHANGES = {200: StudyDetail, 400: Error, 401: Error, 403: Error, 404: Error, 409: Error}


class Filters(Paging):
    """What a list of studies may be narrowed by. None of it is a patient's: addresses are logged."""

    site = serializers.SlugField(required=False, help_text="The code of one of your sites.")
    status = serializers.ChoiceField(choices=Study.Status, required=False)
    band = serializers.ChoiceField(choices=Band, required=False)
    priority = PriorityField(required=False)
    received_from = serializers.DateTimeField(required=False)
    received_until = serializers.DateTimeField(required=False)

    COLUMNS = {"site": "site__code", "received_from": "received_at__gte", "received_until": "received_at__lt"}

    def apply(self, studies):
        return studies.filter(**{self.COLUMNS.get(name, name): value for name, value in self.filters().items()})


class StudyPage(PageShape):
    results = StudyRow(many=True)


LISTED = {200: StudyPage, 400: Error, 401: Error, 403: Error}


@extend_schema(operation_id="studies_list", parameters=[Filters], responses=LISTED)
@api_view(["GET"])
@allowed(sees_films)
def index(request):
    """The studies of your sites, newest first."""
    studies = permissions.visible_studies(request.user)
    if "band" in request.query_params:
        studies = studies.exclude(pk__in=blinding.hidden(request.user).values("pk"))
    studies = Filters(data=request.query_params).apply(studies).select_related("site", "model_version", "claimed_by")
    return ByTime("received_at").answer(studies, request, partial(_rows, request.user))


def _rows(user, studies):
    return StudyRow(studies, many=True, context={"hidden": blinding.hidden_ids(studies, user)}).data


@extend_schema(operation_id="studies_one", responses={200: StudyDetail, 401: Error, 403: Error, 404: Error})
@api_view(["GET"])
@allowed(sees_films)
def show(request, pk):
    """One study with its images, screenings and predictions. The looking is an event of the history."""
    study = study_or_404(request.user, pk)
    Event.note(Event.Kind.VIEW, actor=request.user, study=study)
    return detail(request, study.pk)


def detail(request, pk):
    """The answer that shows a study as it stands now."""
    study = study_or_404(request.user, pk)
    prefetch_related_objects(
        [study],
        "images",
        _shown("images__screenings", Screening.objects.select_related("model_version")),
        _shown("images__predictions", Prediction.objects.select_related("model_version", "image__study")),
        "reads__reader",
        "reads__model_version",
    )
    context = {"user": request.user, "hidden": blinding.hidden_ids([study], request.user)}
    return Response(StudyDetail(study, context=context).data)


def _shown(path, rows):
    """Of what hangs on an image, all but a shadow model's."""
    return Prefetch(path, rows.filter(SHOWN).order_by("created_at"))


class PriorityChange(serializers.Serializer):
    priority = PriorityField()
    reason = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class Withdrawal(serializers.Serializer):
    reason = serializers.CharField(max_length=200)


def given(shape, request):
    """What was sent, in that shape; 400 with the fields that do not fit."""
    sent = shape(data=request.data)
    sent.is_valid(raise_exception=True)
    return sent.validated_data


@extend_schema(request=PriorityChange, responses=CHANGES)
@api_view(["POST"])
@allowed(sees_films)
@parser_classes([Json])
def change_priority(request, pk):
    """Give an unread study another class; the AI never reverses it."""
    study = study_or_404(request.user, pk)
    demand(
        permissions.may_change_priority(request.user, study),
        gettext_noop("Only a study that waits has a class to change."),
    )
    handling.change_priority(study, actor=request.user, **given(PriorityChange, request))
    return detail(request, pk)


@extend_schema(request=Withdrawal, responses=CHANGES)
@api_view(["POST"])
@allowed(sees_films)
@parser_classes([Json])
def withdraw(request, pk):
    """Take a study that was sent by mistake off the worklist."""
    study = study_or_404(request.user, pk)
    demand(
        permissions.may_withdraw(request.user, study),
        gettext_noop("A technologist withdraws a study, while nobody reads it."),
    )
    handling.withdraw(study, request.user, **given(Withdrawal, request))
    return detail(request, pk)


@extend_schema(request=None, responses=CHANGES)
@api_view(["POST"])
@allowed(sees_films)
def restore(request, pk):
    """Put a withdrawn study back at its old place."""
    study = study_or_404(request.user, pk)
    demand(
        permissions.may_restore(request.user, study),
        gettext_noop("A technologist restores a study that was withdrawn."),
    )
    dispatch.ring(handling.restore(study, request.user))
    return detail(request, pk)


@extend_schema(request=None, responses=CHANGES)
@api_view(["POST"])
@allowed(sees_films)
def retry(request, pk):
    """Try the AI again on a study whose screening failed."""
    study = study_or_404(request.user, pk)
    demand(abilities(request.user, study)["retry"], gettext_noop("The AI has nothing to try again on this study."))
    dispatch.ring(handling.retry_study(study, request.user))
    return detail(request, pk)
