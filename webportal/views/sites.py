"""Sites, for administrators: their limits, their order, their prevalence."""

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from screening import permissions
from screening.models import Site, Study
from webportal import administration
from webportal.views.access import allowed


class SiteForm(forms.ModelForm):
    """What a site may be set to."""

    class Meta:
        model = Site
        fields = (
            "name", "policy", "cap_stat", "cap_urgent", "cap_routine", "prevalence", "deidentify", "daily_files",
            "daily_gigabytes", "daily_files_a_user",
        )  # fmt: skip
        labels = {
            "policy": "Order inside a class",
            "cap_stat": "Limit for stat, in minutes",
            "cap_urgent": "Limit for urgent, in minutes",
            "cap_routine": "Limit for routine, in minutes",
            "prevalence": "Prevalence of pneumonia, 0 to 1",
            "deidentify": "De-identify films on the way in",
            "daily_files": "Files a day that the site takes",
            "daily_gigabytes": "Gigabytes a day that the site takes",
            "daily_files_a_user": "Files a day that one person may send to it",
        }
        help_texts = {
            "cap_routine": "Past its limit a study stands before all others of its class.",
            "prevalence": "The share of studies with pneumonia. What a band is worth is shown for it.",
            "deidentify": (
                "After the basic profile of DICOM PS3.15: names and IDs become pseudonyms of this site; dates, private "
                "elements, overlays and names of files are not kept, ages are. It holds for films that come from now "
                "on, and cannot be taken back for them. Letters burned into a picture stay: such films are marked."
            ),
            "daily_files_a_user": "Above one of these, files are refused until the next day (UTC); what is here stays.",
        }


class NewSiteForm(SiteForm):
    class Meta(SiteForm.Meta):
        fields = ("code", *SiteForm.Meta.fields)
        help_texts = SiteForm.Meta.help_texts | {"code": "Short, for commands and the API; it cannot be changed later."}


@require_GET
@allowed(permissions.may_administer)
def index(request):
    """All sites, with how many studies wait at each."""
    waiting = Count("studies", filter=Q(studies__status__in=Study.ON_WORKLIST), distinct=True)
    people = Count("users", filter=Q(users__is_active=True), distinct=True)
    return render(request, "webportal/sites.html", {"sites": Site.objects.annotate(waiting=waiting, people=people)})


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_administer)
def create(request):
    return _edit(request, NewSiteForm(request.POST or None), "Created. Give it users, on the page of each user.")


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_administer)
def show(request, pk):
    form = SiteForm(request.POST or None, instance=get_object_or_404(Site, pk=pk))
    return _edit(request, form, "Saved: the waiting studies stand in their new order.")


def _edit(request, form, sentence):
    if request.method == "POST" and form.is_valid():
        administration.save_site(form.instance, request.user)
        messages.success(request, sentence)
        return redirect("sites")
    context = {"form": form, "site": form.instance, "editing": not form.instance._state.adding}
    return render(request, "webportal/site.html", context)
