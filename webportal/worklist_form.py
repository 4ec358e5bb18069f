"""The filters of the worklist as an address writes them: read, said, and written again."""

from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from screening import choice
from screening.choice import Choice
from screening.models import Band, Priority

CLASSES = {priority.code: priority for priority in Priority}


class WorklistForm(forms.Form):
    """Which studies are shown. Every field counts by itself: one that does not fit is left out, and said."""

    site = forms.ChoiceField(required=False)
    band = forms.ChoiceField(
        required=False, label=_("AI band"), choices=[("", pgettext_lazy("band", "Any")), *Band.choices]
    )
    ai = forms.ChoiceField(
        required=False,
        label=_("AI state"),
        choices=[
            ("", pgettext_lazy("AI state", "Any")),
            *((name, words) for name, (words, _holds) in choice.AI.items()),
        ],
    )
    overdue = forms.BooleanField(required=False, label=_("Past the limit"))
    unclaimed = forms.BooleanField(required=False, label=_("Not being read"))
    mine = forms.BooleanField(required=False, label=pgettext_lazy("studies", "Mine"))

    def __init__(self, data, sites, by_ai=True):
        """`sites` are the reader's Sites; without `by_ai` the filters by what the AI says are not offered."""
        super().__init__(data, auto_id="filter-%s")
        self.sites = {site.code: site for site in sites}
        self.fields["site"].choices = [
            ("", pgettext_lazy("sites", "All")),
            *((code, site.name) for code, site in self.sites.items()),
        ]
        if not by_ai:
            del self.fields["band"], self.fields["ai"]
        if len(self.sites) == 1:
            self.fields["site"].widget = forms.HiddenInput()
        classes = forms.ChoiceField(
            required=False,
            choices=[
                ("", pgettext_lazy("classes", "All")),
                *((name, priority.label.capitalize()) for name, priority in CLASSES.items()),
            ],
        )
        # `class` is the word of addresses, and none that Python lets one write above.
        self.fields = {"class": classes, **self.fields}
        self.is_valid()

    @property
    def left_out(self):
        """The names of the filters whose values fit nothing."""
        return sorted(self.errors)

    @property
    def asked(self):
        """{name in the address: value} of what was chosen."""
        found = {name: self.cleaned_data.get(name) for name in self.fields}
        return {name: "1" if value is True else value for name, value in found.items() if value}

    @property
    def query(self):
        """What was chosen, as the part of an address after the `?`."""
        return urlencode(self.asked)

    @property
    def words(self):
        """What was chosen, as people say it: `Stat, Likely, at General Hospital`."""
        said = []
        for name, value in self.asked.items():
            field = self.fields[name]
            said.append(str(field.label if isinstance(field, forms.BooleanField) else dict(field.choices)[value]))
        return ", ".join(said)

    def choice(self, user):
        """The Choice, and the Sites that it is of."""
        asked, code = self.asked, self.asked.get("site")
        chosen = Choice(
            priority=CLASSES.get(asked.get("class")),
            band=asked.get("band", ""),
            ai=asked.get("ai", ""),
            mine=user.pk if "mine" in asked else None,
            unclaimed="unclaimed" in asked,
            overdue="overdue" in asked,
        )
        return chosen, [self.sites[code]] if code else list(self.sites.values())
