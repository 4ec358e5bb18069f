"""What staff do with one picture of a study: say which view it is, and have it decoded again."""

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST

from screening import handling, keeping, lifecycle, permissions, sandbox, wording
from screening.models import Image
from screening.said_elsewhere import said
from webportal.views.access import allowed, demand, sees_films
from webportal.views.studies import VIEWS, undoable
from workers import dispatch

NO_DECODER = gettext_noop("FirstRead cannot open this film just now. Tell an administrator, and try again later.")
MAY_NOT = gettext_noop(
    "A technologist or radiologist of its site does this, while the study is neither read nor withdrawn."
)


class ViewForm(forms.Form):
    view = forms.ChoiceField(choices=VIEWS, required=False)


def _image_or_404(user, pk):
    images = Image.objects.filter(study__in=permissions.visible_studies(user)).select_related("study__site")
    return get_object_or_404(images, pk=pk)


@require_POST
@allowed(sees_films)
def correct_view(request, pk):
    image = _image_or_404(request.user, pk)
    demand(permissions.may_correct_view(request.user, image.study), MAY_NOT)
    form, was = ViewForm(request.POST), image.view
    try:
        if "view" in request.POST and form.is_valid() and form.cleaned_data["view"] != was:
            dispatch.ring(handling.correct_view(image, form.cleaned_data["view"], request.user))
            # Translators: %(was)s and %(now)s are views of a film: "PA", "AP", "lateral", "view unknown".
            sentence = _("View corrected from %(was)s to %(now)s.")
            sentence %= {"was": wording.view(was), "now": wording.view(image.view)}
            undoable(request, sentence, reverse("image_correct", args=[pk]), view=was)
    except (lifecycle.Overtaken, lifecycle.ImpossibleMove):
        messages.warning(request, _(wording.OVERTAKEN))
    return redirect("study", image.study_id)


@require_POST
@allowed(sees_films)
def decode_again(request, pk):
    """Try to decode a film that could not be decoded when it came."""
    image = _image_or_404(request.user, pk)
    demand(permissions.may_correct_view(request.user, image.study), MAY_NOT)
    try:
        dispatch.ring(handling.decode_again(image, request.user))
        messages.success(request, _("Decoded: the picture is shown now."))
    except (handling.NotDecoded, keeping.StorageFull, keeping.StorageAway) as error:
        messages.warning(request, said(error.sentence))
    except sandbox.CannotStart:
        messages.error(request, _(NO_DECODER))
    except (lifecycle.Overtaken, lifecycle.ImpossibleMove):
        messages.warning(request, _(wording.OVERTAKEN))
    return redirect("study", image.study_id)
