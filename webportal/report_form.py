"""The form of a report: `_report_fields.html` shows it, and every page on which somebody signs reads it by these."""

from datetime import timedelta

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from screening import reading, worklist
from screening.models import Certainty, Finding, Side

# What the template needs to offer.
CHOICES = {"findings": Finding.choices, "sides": Side.choices, "certainties": Certainty.choices}
# How far a reader's clock may be ahead of ours.
AHEAD = timedelta(minutes=10)
NO_FINDING = gettext_lazy("Choose a finding before you sign.")
NO_TIME = gettext_lazy("Say when you told of the urgent finding, as a date and a time.")
LIES_AHEAD = gettext_lazy("The time at which you told of the urgent finding lies ahead. Correct it.")
TOO_LONG = gettext_lazy("%(show_value)d characters are too many; %(limit_value)d fit.")


def happened(instant):
    """Refuse a time that lies ahead, or in a year that some time zone cannot name: no page could show it."""
    if instant.year < 1900:
        raise forms.ValidationError(NO_TIME)
    if instant > worklist.database_now() + AHEAD:
        raise forms.ValidationError(LIES_AHEAD)


def addresses(pk, page, claim, draft):
    """Where the page, the claim and the draft of what is read are, by the names of their addresses."""
    return {"page": reverse(page, args=[pk]), "claim": reverse(claim, args=[pk]), "draft": reverse(draft, args=[pk])}


class Text(forms.CharField):
    """Words as people type them. A browser counts a line's end as one character and sends two."""

    def __init__(self, length):
        super().__init__(required=False, max_length=length, error_messages={"max_length": TOO_LONG})

    def to_python(self, value):
        return super().to_python((value or "").replace("\x00", "").replace("\r\n", "\n"))


class DraftForm(forms.Form):
    """What is entered so far; anything may be missing, and what does not fit is left out of `said`."""

    finding = forms.ChoiceField(
        choices=Finding, required=False, error_messages={"required": NO_FINDING, "invalid_choice": NO_FINDING}
    )
    side = forms.ChoiceField(choices=[("", ""), *Side.choices], required=False)
    certainty = forms.ChoiceField(choices=[("", ""), *Certainty.choices], required=False)
    comment = Text(4000)
    urgent = Text(500)
    told_to = Text(120)
    # An instant with its offset: the page knows the reader's zone.
    told_at = forms.DateTimeField(required=False, error_messages={"invalid": NO_TIME}, validators=[happened])
    # The draft that the page showed.
    seen = forms.DateTimeField(required=False)

    @property
    def said(self):
        """What was entered, as a dict of `reading.FIELDS`."""
        self.is_valid()
        return {name: self.cleaned_data[name] for name in reading.FIELDS if name in self.cleaned_data}

    @property
    def seen_at(self):
        self.is_valid()
        return self.cleaned_data.get("seen")

    @property
    def first_error(self):
        """The first sentence that says what does not fit."""
        return next(iter(self.errors.values()))[0]


class ReadForm(DraftForm):
    """What can be signed."""

    nobody_told = forms.BooleanField(required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["finding"].required = True

    def clean(self):
        said = self.cleaned_data
        if said.get("told_to") and not said.get("urgent"):
            self.add_error("urgent", _("Say which urgent finding you told %(name)s of.") % {"name": said["told_to"]})
        if said.get("urgent") and not said.get("told_to") and not said.get("nobody_told"):
            self.add_error("told_to", _("Say whom you told of the urgent finding, or tick that nobody is reached yet."))
        return said


class SignForm(ReadForm):
    """What can be signed, with the `version` of the study that the page showed."""

    version = forms.IntegerField(
        error_messages={"required": gettext_lazy("Reload the page, look at every image, then sign.")}
    )
