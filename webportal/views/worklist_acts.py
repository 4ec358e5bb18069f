"""What a reader keeps of the worklist, and the clinical lead's switch."""

from django import forms
from django.contrib import messages
from django.http import QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from screening import permissions, saved_views, switching
from screening.models import SavedView
from webportal.views.access import allowed
from webportal.views.studies import undoable
from webportal.worklist_form import WorklistForm


class NameForm(forms.Form):
    name = forms.CharField(max_length=40, strip=True)
    query = forms.CharField(max_length=500, required=False)


def _worklist(query=""):
    return redirect(reverse("worklist") + (f"?{query}" if query else ""))


@require_POST
@allowed(permissions.may_see_worklist)
def save_view(request):
    """Keep the filters that are chosen under a name; what is no filter is dropped."""
    form = NameForm(request.POST)
    if not form.is_valid():
        messages.warning(request, _("Give the view a name of 1 to 40 characters; nothing was saved."))
        return _worklist()
    asked = QueryDict(form.cleaned_data["query"])
    query = WorklistForm(asked, permissions.sites_of(request.user)).query
    name = form.cleaned_data["name"]
    if not query:
        messages.warning(
            request, _("Choose a filter first: a view keeps the filters that are chosen. Nothing was saved.")
        )
        return _worklist()
    try:
        saved_views.save(request.user, name, query)
        messages.success(request, _("Saved as “%(name)s”.") % {"name": name})
    except saved_views.TooMany:
        sentence = _("You keep %(most)s views: delete one first. Nothing was saved.")
        messages.warning(request, sentence % {"most": saved_views.MOST})
    return _worklist(query)


@require_POST
@allowed(permissions.may_see_worklist)
def delete_view(request, pk):
    view = get_object_or_404(SavedView, pk=pk, user=request.user)
    view.delete()
    sentence = _("View “%(name)s” deleted.") % {"name": view.name}
    undoable(request, sentence, reverse("view_save"), name=view.name, query=view.query)
    return _worklist()


@require_POST
@allowed(permissions.may_switch_order)
def switch_order(request, pk):
    """Switch the AI order of a site `on` (1) or off (0), at once."""
    site = get_object_or_404(permissions.sites_of(request.user), pk=pk)
    on = request.POST.get("on")
    if on not in ("0", "1"):
        messages.warning(request, _("Say whether the AI order is to be on or off; nothing was changed."))
    elif switching.switch_ai_order(site, on == "1", request.user):
        sentence = (
            _("AI order at %(site)s is on again: likely studies come first inside their class.")
            if on == "1"
            else _("AI order at %(site)s is off: first come, first served.")
        )
        undoable(request, sentence % {"site": site}, request.path, on="0" if on == "1" else "1")
    else:
        sentence = _("AI order at %(site)s is on already.") if on == "1" else _("AI order at %(site)s is off already.")
        messages.success(request, sentence % {"site": site})
    return _worklist()
