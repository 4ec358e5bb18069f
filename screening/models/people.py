"""Who works here, where, and in which role."""

import uuid
from datetime import time
from zoneinfo import available_timezones

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

AT_LEAST_ONE = [MinValueValidator(1)]


class Role(models.TextChoices):
    TECHNOLOGIST = "technologist", pgettext_lazy("role", "Technologist")
    RADIOLOGIST = "radiologist", pgettext_lazy("role", "Radiologist")
    ADMINISTRATOR = "administrator", pgettext_lazy("role", "Administrator")
    CLINICAL_LEAD = "clinical_lead", pgettext_lazy("role", "Clinical lead")
    # Sees what was signed at the own sites, and takes it along; reads nothing and sees no film by it.
    RESULTS = "results", pgettext_lazy("role", "Results")


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


def every_day():
    return list(Weekday.values)


class Policy(models.TextChoices):
    """How the worklist of a site is ordered inside a class; `screening.worklist` holds the formulas."""

    DUE_TIME = "due_time", pgettext_lazy("order of the worklist", "Due time")
    PROBABILITY = "probability", pgettext_lazy("order of the worklist", "Probability")
    FIFO = "fifo", pgettext_lazy("order of the worklist", "First come, first served")


class Site(models.Model):
    """A place that sends films and reads them: its caps, its order, its prevalence."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.SlugField(unique=True, max_length=32)
    name = models.CharField(max_length=120)
    policy = models.CharField(max_length=16, choices=Policy, default=Policy.DUE_TIME)
    # The limits by class, in minutes: about 1.5 x the p95 wait of a list that is read in order of arrival.
    cap_stat = models.PositiveIntegerField(_("limit for stat, minutes"), default=60, validators=AT_LEAST_ONE)
    cap_urgent = models.PositiveIntegerField(_("limit for urgent, minutes"), default=240, validators=AT_LEAST_ONE)
    cap_routine = models.PositiveIntegerField(_("limit for routine, minutes"), default=480, validators=AT_LEAST_ONE)
    # Off, the list goes by arrival whatever `policy` says: the clinical lead's switch.
    ai_order = models.BooleanField(_("the AI orders the worklist"), default=True)
    # Limits count these hours alone: from `opens` until `closes` (the same: day and night) on `reading_days`.
    opens = models.TimeField(_("reading begins"), default=time(0))
    closes = models.TimeField(_("reading ends"), default=time(0))
    reading_days = ArrayField(models.SmallIntegerField(choices=Weekday), default=every_day)
    time_zone = models.CharField(max_length=64, default="UTC")
    blind_first = models.BooleanField(
        _("the finding comes before the score"),
        default=False,
        help_text=_("Rows, reasons and filters hide what the AI says until the reader has a finding."),
    )
    second_read_share = models.FloatField(
        _("share of signed studies that are read twice at random"),
        default=0.05,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("Beside those where reader and AI contradict each other. 0 where there is one reader alone."),
    )
    prevalence = models.FloatField(
        _("share of studies with pneumonia"),
        default=0.10,
        validators=[MinValueValidator(0.001), MaxValueValidator(0.999)],
        help_text=_("The positive predictive value of each band is shown for this prevalence."),
    )
    deidentify = models.BooleanField(
        _("de-identify films on the way in"),
        default=False,
        help_text=_("Patient fields become pseudonyms; private elements, overlays and names of files are not kept."),
    )
    # What this site's pseudonyms are made with; drawn when they are first needed, and never shown.
    pseudonym_key = models.CharField(max_length=64, blank=True, editable=False)
    # Where notices are posted to, signed with the key; the key is drawn once and shown once.
    webhook_url = models.URLField(_("webhook for notices"), max_length=300, blank=True)
    webhook_key = models.CharField(max_length=64, blank=True, editable=False)
    daily_files = models.PositiveIntegerField(_("files a day"), default=50_000, validators=AT_LEAST_ONE)
    daily_gigabytes = models.PositiveIntegerField(_("gigabytes a day"), default=500, validators=AT_LEAST_ONE)
    daily_files_a_user = models.PositiveIntegerField(
        _("files a day and person"), default=20_000, validators=AT_LEAST_ONE
    )
    demo = models.BooleanField(default=False, help_text=_("Holds synthetic phantoms only; outside all statistics."))
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["code"]

    def __str__(self):
        return self.name

    def clean(self):
        wrong = {}
        if not self.reading_days:
            wrong["reading_days"] = _("Choose one day of the week at least.")
        if self.opens and self.closes and self.closes < self.opens and self.closes != time(0):
            wrong["closes"] = _("Reading ends on the day it begins: choose a later time, or 00:00 for midnight.")
        if self.time_zone not in available_timezones():
            wrong["time_zone"] = _("There is no such time zone. Choose one of the list, such as Europe/Berlin or UTC.")
        if wrong:
            raise ValidationError(wrong)


class User(AbstractUser):
    """A person with a login. Holds any number of roles, and sees the studies of the given sites alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    roles = ArrayField(models.CharField(max_length=16, choices=Role), default=list, blank=True)
    sites = models.ManyToManyField(Site, blank=True, related_name="users")
    mail_notices = models.BooleanField(_("notices by e-mail"), default=False)
    # What came later is new to this person.
    notices_seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["username"]

    def has_role(self, *roles):
        """Whether this active user holds at least one of the roles."""
        return self.is_active and any(role in self.roles for role in roles)
