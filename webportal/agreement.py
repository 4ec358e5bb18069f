"""The page of agreement: the figures of `screening.agreement` as people read them, each with its interval and its n."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from ml.intervals import wilson
from screening import agreement
from screening.models import Site

CELLS = {
    "less_likely_present": gettext_lazy("AI less likely, first reader present"),
    "likely_absent": gettext_lazy("AI likely, first reader absent"),
    "random": gettext_lazy("No contradiction"),
}
# The last day that has a next one.
LAST = date.max - timedelta(days=1)


class Chosen(forms.Form):
    """Which site and which days (UTC, both included); what does not fit is left out."""

    site = forms.ModelChoiceField(
        Site.objects.none(), required=False, empty_label=gettext_lazy("All my sites"), to_field_name="code"
    )
    since = forms.DateField(required=False, label=gettext_lazy("Signed from"), widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(
        required=False, label=pgettext_lazy("day", "until"), widget=forms.DateInput({"type": "date"})
    )

    def __init__(self, data, sites):
        super().__init__(data)
        self.fields["site"].queryset = sites

    def reports(self, sites):
        """The reports that were chosen, of the given sites."""
        self.is_valid()
        chosen = self.cleaned_data
        since, until = chosen.get("since"), chosen.get("until")
        site = chosen.get("site")
        return agreement.reports(
            sites.filter(pk=site.pk) if site else sites,
            since=since and _midnight(since),
            until=until and _midnight(min(until, LAST) + timedelta(days=1)),
        )


def _midnight(day):
    return datetime.combine(day, time(), UTC)


@dataclass(frozen=True)
class Figure:
    """One line of a table: `words`, what it is of, and either a value with its interval or that there are too few."""

    words: str
    of: str
    value: str = ""
    interval: str = ""

    @property
    def too_few(self):
        return not self.value


class Agreement:
    """Everything that the page shows of these reports (a queryset)."""

    def __init__(self, reports):
        pairs = agreement.pairs(reports)
        drawn = [pair for pair in pairs if pair.drawn]
        weigh, out = agreement.weights(reports, pairs)
        self.signed = reports.count()
        self.twice, self.drawn, self.few = len(pairs), len(drawn), agreement.FEW
        self.cells = [(CELLS[cell.group], cell) for cell in agreement.cells(reports, pairs)]
        self.kappas = [_kappa(_("Drawn at random"), drawn), _kappa(_("All read twice"), pairs)]
        self.plain = _accuracy(drawn)
        self.weighted = _accuracy(pairs, weigh)
        self.left_out = Site.objects.filter(pk__in=out)
        self.overrulings = agreement.overrulings(reports)


def _kappa(words, pairs):
    found = agreement.kappa(pairs)
    values = {"agreed": found.agreed, "n": found.n, "other": found.other}
    # Translators: of pairs of readers.
    of = _("%(agreed)s of %(n)s agree") % values
    if found.other:
        of = _("%(agreed)s of %(n)s agree; %(other)s more with an indeterminate or inadequate read") % values
    if found.value is None:
        return Figure(words, of)
    low, high = found.interval
    return Figure(
        words, of, f"{found.value:.2f}", _("%(low)s to %(high)s") % {"low": f"{low:.2f}", "high": f"{high:.2f}"}
    )


def _accuracy(pairs, weigh=None):
    found = []
    for words, bands in agreement.CALLS:
        sensitivity, specificity = agreement.accuracy(pairs, bands, weigh)
        found.append(_share(_("Sensitivity of “%(band)s”") % {"band": words}, sensitivity, True, weigh is not None))
        found.append(_share(_("Specificity of “%(band)s”") % {"band": words}, specificity, False, weigh is not None))
    return found


def _share(words, share, sick, weighted):
    """The interval: Wilson, at the effective number of studies where they are weighted (Franco et al., Journal of
    Survey Statistics and Methodology 2019; 7: 334-364)."""
    studies = _("%(hits)s of %(n)s with pneumonia") if sick else _("%(hits)s of %(n)s read as absent")
    values = {"hits": share.hits, "n": share.n}
    if share.n < agreement.FEW:
        return Figure(words, studies % values)
    if weighted:
        # Translators: a weighted share: as exact as one of so many studies that count alike.
        tell = _("%(studies)s, which tell as much as %(effective)s alike")
        studies, values = tell, {"studies": studies % values, "effective": f"{share.effective:.0f}"}
    low, high = wilson(share.value * share.effective, share.effective)
    interval = _("%(low)s to %(high)s %%") % {"low": f"{100 * low:.0f}", "high": f"{100 * high:.0f}"}
    return Figure(words, studies % values, f"{100 * share.value:.0f} %", interval)
