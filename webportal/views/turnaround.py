"""Turn-around: how long studies took, and how long they would have taken first come, first served."""

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from screening import counted, counterfactual, permissions, turnaround
from screening.models import Band, Site
from webportal import plots, turnaround_tables
from webportal.views.access import allowed

WEEKS = {1: _("1 week"), 2: _("2 weeks"), 4: _("4 weeks"), 8: _("8 weeks"), 12: _("12 weeks"), 26: _("26 weeks")}


class ChosenForm(forms.Form):
    """Which sites, and how far back."""

    site = forms.ModelChoiceField(
        Site.objects.none(), to_field_name="code", required=False, empty_label=_("all of them"), label=_("Site")
    )
    weeks = forms.TypedChoiceField(
        choices=WEEKS.items(),
        coerce=int,
        required=False,
        empty_value=counted.DEFAULT_WEEKS,
        label=_("Received in the last"),
    )

    def __init__(self, data, sites):
        super().__init__(data, initial={"weeks": counted.DEFAULT_WEEKS})
        self.fields["site"].queryset = sites
        self.fields["site"].error_messages["invalid_choice"] = _(
            "You have no such site; the figures are of all of yours."
        )
        self.fields["weeks"].error_messages["invalid_choice"] = _("Choose one of these; the figures are of four weeks.")
        self.sites = sites

    @property
    def chosen(self):
        """(sites, weeks): the demo site stays outside unless it is asked for, or is the only one."""
        self.is_valid()
        site = self.cleaned_data.get("site")
        weeks = self.cleaned_data.get("weeks") or counted.DEFAULT_WEEKS
        if site:
            return [site], weeks
        return [site for site in self.sites if not site.demo] or list(self.sites), weeks


class Found:
    """What the page and its CSV show."""

    def __init__(self, request):
        self.form = ChosenForm(
            request.GET or {"weeks": counted.DEFAULT_WEEKS}, permissions.sites_of_turnaround(request.user)
        )
        self.sites, self.weeks = self.form.chosen
        period = counted.lately(self.weeks)
        self.figures = turnaround.figures(self.sites, period)
        self.against = counterfactual.against_fifo(self.sites, period)
        self.shares = turnaround.share_read(self.sites, period)
        self.tables = turnaround_tables.tables(self.figures, len(self.sites) > 1) if self.figures.total else []


@require_GET
@allowed(permissions.may_see_turnaround)
def show(request):
    """The page."""
    found = Found(request)
    against = {each.of: each for each in found.against}
    context = {
        "form": found.form,
        "sites": found.sites,
        "demo": any(site.demo for site in found.sites),
        "weeks": WEEKS[found.weeks],
        "figures": found.figures,
        "likely": against.get(Band.LIKELY),
        "others": against.get("others"),
        "against": [(turnaround_tables.GROUPS[each.of], each) for each in found.against],
        "tables": found.tables,
        "query": request.GET.urlencode(),
    }
    return render(request, "webportal/turnaround.html", context | _drawn(found))


def _drawn(found):
    """The plots; none where nothing was signed."""
    figures = found.figures
    if not (figures.total and figures.total.signed.count):
        return {}
    bands = [turnaround_tables.called(row.of) for row in figures.bands]
    drawn = {
        "by_week": plots.by_week(figures.weeks, [turnaround_tables.week_name(row.of) for row in figures.weeks]),
        "by_band": plots.by_band(figures.bands, bands),
    }
    if found.shares:
        names = [Band(band).label for band in found.shares]
        drawn |= {"shares": turnaround_tables.shares(found.shares), "share_names": names}
        drawn["share_plot"] = plots.share_read(found.shares)
    return drawn


@require_GET
@allowed(permissions.may_see_turnaround)
def table(request):
    """The page's tables as CSV."""
    with translation.override("en"):  # programs read it too: its words are the same in every language
        found = Found(request)
        text = turnaround_tables.csv_of(found.tables, found.against, found.shares)
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="turnaround.csv"'
    return answer
