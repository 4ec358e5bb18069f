"""Claims that change hands: handing over, and ending somebody's claim."""

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from screening import claims, permissions, reading
from screening.models import Study, User
from webportal.views.access import allowed, demand, study_or_404
from webportal.views.reading import both, keep_draft


class HandOverForm(forms.Form):
    to = forms.ModelChoiceField(User.objects.none())

    def __init__(self, data, study, reader):
        super().__init__(data)
        self.fields["to"].queryset = claims.colleagues(study, reader)


@require_POST
@allowed(permissions.may_read)
def hand_over(request, pk):
    """Give the claim, and the draft, to a colleague of the site."""
    study = study_or_404(request.user, pk)
    demand(permissions.may_read(request.user, study))
    form = HandOverForm(request.POST, study, request.user)
    try:
        keep_draft(request, study)
        if not form.is_valid():
            raise reading.NotYours(_("Choose whom to hand this study over to; nothing was changed."))
        to = form.cleaned_data["to"]
        claims.hand_over(study, request.user, to)
    except reading.ChangedElsewhere as changed:
        return both(request, study, changed)
    except reading.NotYours as refused:
        messages.warning(request, refused.sentence)
        return redirect("study", pk)
    name = to.get_full_name() or to.username
    messages.success(request, _("Handed over to %(name)s, with your draft.") % {"name": name})
    return redirect("worklist")


@require_POST
@allowed(permissions.may_end_claim)
def end(request, pk):
    """End somebody's claim; administrators, who see no film, come back to the operations."""
    administers = permissions.may_administer(request.user)
    study = get_object_or_404(Study, pk=pk) if administers else study_or_404(request.user, pk)
    demand(permissions.may_end_claim(request.user, study))
    try:
        claims.end(study, request.user)
        messages.success(request, _("Claim ended: the study is back at its old place, and its reader's draft is kept."))
    except reading.NotYours as gone:
        messages.warning(request, gone.sentence)
    return redirect("operations") if administers else redirect("study", pk)
