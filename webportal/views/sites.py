"""Sites, for administrators: their limits, their order, their prevalence."""

from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from screening import permissions, turnaround
from screening.models import Priority, Site, Study
from screening.models.people import Weekday
from webportal import administration
from webportal.views.access import allowed


class SiteForm(forms.ModelForm):
    """What a site may be set to."""

    reading_days = forms.TypedMultipleChoiceField(
        label=_("Days on which films are read"), choices=Weekday, coerce=int, required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=[(name, name) for name in sorted(available_timezones())],
        help_text=_("That of the reading hours. Pages show each person the times of the own zone."),
    )  # fmt: skip

    webhook_url = forms.URLField(
        label=_("Address that notices are posted to"), max_length=300, required=False, assume_scheme="https",
        help_text=_("Each notice is signed, and holds ids and no patient data. Empty: nothing is posted."),
    )  # fmt: skip

    class Meta:
        model = Site
        fields = (
            "name", "policy", "ai_order", "cap_stat", "cap_urgent", "cap_routine", "opens", "closes", "reading_days",
            "time_zone", "blind_first", "second_read_share", "prevalence", "deidentify", "daily_files",
            "daily_gigabytes", "daily_files_a_user", "webhook_url",
        )  # fmt: skip
        widgets = {name: forms.TimeInput({"type": "time"}, format="%H:%M") for name in ("opens", "closes")}
        labels = {
            "policy": _("Order inside a class"),
            "ai_order": _("The AI orders the worklist"),
            "cap_stat": _("Limit for stat, in minutes"),
            "cap_urgent": _("Limit for urgent, in minutes"),
            "cap_routine": _("Limit for routine, in minutes"),
            "opens": _("Reading begins at"),
            "closes": _("Reading ends at"),
            "blind_first": _("The finding comes before the AI's answer"),
            "second_read_share": _("Share of signed studies read twice at random, 0 to 1"),
            "prevalence": _("Prevalence of pneumonia, 0 to 1"),
            "deidentify": _("De-identify films on the way in"),
            "daily_files": _("Files a day that the site takes"),
            "daily_gigabytes": _("Gigabytes a day that the site takes"),
            "daily_files_a_user": _("Files a day that one person may send to it"),
        }
        help_texts = {
            "ai_order": _(
                "Off, the list goes by class and arrival, whatever the order above says. The site's clinical lead "
                "switches it on the worklist too."
            ),
            "cap_routine": _("Past its limit a study stands before all others of its class."),
            "closes": _(
                "The same time as it begins: day and night. Limits count reading hours alone; 00:00 is midnight."
            ),
            "blind_first": _(
                "Rows, reasons and filters hide what the AI says from the readers of this site until they have a "
                "finding. The order stays as it is."
            ),
            "second_read_share": _(
                "Beside those where reader and AI contradict each other. 0 where there is one reader alone."
            ),
            "prevalence": _("The share of studies with pneumonia. What a band is worth is shown for it."),
            "deidentify": _(
                "After the basic profile of DICOM PS3.15: names and IDs become pseudonyms of this site; dates, private "
                "elements, overlays and names of files are not kept, ages are. It holds for films that come from now "
                "on, and cannot be taken back for them. Letters burned into a picture stay: such films are marked."
            ),
            "daily_files_a_user": _(
                "Above one of these, files are refused until the next day (UTC); what is here stays."
            ),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():  # what is saved is what was changed here: see `_edit`
            field.show_hidden_initial = not self.instance._state.adding


class NewSiteForm(SiteForm):
    class Meta(SiteForm.Meta):
        fields = ("code", *SiteForm.Meta.fields)
        help_texts = SiteForm.Meta.help_texts | {
            "code": _("Short, for commands and the API; it cannot be changed later.")
        }


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
    return _edit(request, NewSiteForm(request.POST or None), _("Created. Give it users, on the page of each user."))


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_administer)
def show(request, pk):
    form = SiteForm(request.POST or None, instance=get_object_or_404(Site, pk=pk))
    return _edit(request, form, _("Saved: the waiting studies stand in their new order."))


def _edit(request, form, sentence):
    if request.method == "POST" and form.is_valid():
        # What somebody else has changed since the page was opened (the order's switch, say) stays.
        changed = None if form.instance._state.adding else form.changed_data
        administration.save_site(form.instance, request.user, changed)
        messages.success(request, sentence)
        return redirect("sites")
    context = {"form": form, "site": form.instance, "editing": not form.instance._state.adding}
    if context["editing"]:
        context["proposed"] = _proposed(Site.objects.get(pk=form.instance.pk))
    return render(request, "webportal/site.html", context)


def _proposed(site):
    """(class, the limit in whole minutes that its waits propose) for the classes of which enough is known."""
    limits = turnaround.proposed_limits(site)
    known = [(priority, limits.get(priority)) for priority in Priority]
    return [(priority.label, round(limit.total_seconds() / 60)) for priority, limit in known if limit]
