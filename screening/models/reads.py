"""What radiologists say: findings, drafts, signed reads."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from screening.models.studies import Band


class Finding(models.TextChoices):
    """The answer to one question: is there pneumonia on this study?"""

    PRESENT = "present", pgettext_lazy("finding", "Present")
    ABSENT = "absent", pgettext_lazy("finding", "Absent")
    INDETERMINATE = "indeterminate", pgettext_lazy("finding", "Indeterminate")
    INADEQUATE = "inadequate", pgettext_lazy("finding", "Technically inadequate")


class Side(models.TextChoices):
    """Where on the patient, not where on the screen."""

    RIGHT = "right", pgettext_lazy("side of the patient", "Right")
    LEFT = "left", pgettext_lazy("side of the patient", "Left")
    BOTH = "both", pgettext_lazy("side of the patient", "Both")


class Certainty(models.TextChoices):
    CERTAIN = "certain", pgettext_lazy("certainty", "Certain")
    PROBABLE = "probable", pgettext_lazy("certainty", "Probable")
    POSSIBLE = "possible", pgettext_lazy("certainty", "Possible")


class Report(models.Model):
    """What a reader says of a study, drafted or signed."""

    finding = models.CharField(max_length=13, choices=Finding, blank=True)
    side = models.CharField(max_length=5, choices=Side, blank=True)
    certainty = models.CharField(max_length=8, choices=Certainty, blank=True)
    comment = models.TextField(blank=True, max_length=4000)
    # Another finding that cannot wait, whom the reader told of it, and when.
    urgent = models.CharField(max_length=500, blank=True)
    told_to = models.CharField(max_length=120, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    # What the reader found before the AI's answer was shown; empty where it was shown from the beginning.
    blind_finding = models.CharField(max_length=13, choices=Finding, blank=True)

    class Meta:
        abstract = True


class Draft(Report):
    """What a reader has entered and not yet signed; outlives a lost claim."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey("Study", models.CASCADE, related_name="drafts")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "reader"], name="one_draft_a_reader")]


class Read(Report):
    """A signed report or an addendum. A database trigger refuses to change or delete one.

    A study's first reads are its report and the addenda to it; a second read and an adjudication belong to a
    `SecondRead` and change no report by themselves.
    """

    class Kind(models.TextChoices):
        FIRST = "first", pgettext_lazy("kind of read", "report")
        SECOND = "second", pgettext_lazy("kind of read", "second read")
        ADJUDICATION = "adjudication", pgettext_lazy("kind of read", "adjudication")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey("Study", models.PROTECT, related_name="reads")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="reads")
    addendum_to = models.ForeignKey("self", models.PROTECT, null=True, related_name="addenda")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.FIRST)
    finding = models.CharField(max_length=13, choices=Finding)
    # What the AI said at that moment, so that discordance can be told later.
    band = models.CharField(max_length=11, choices=Band, blank=True)
    probability = models.FloatField(null=True)
    model_version = models.ForeignKey("ModelVersion", models.PROTECT, null=True, related_name="+")
    discordant = models.BooleanField(default=False)
    signed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["signed_at"]
        indexes = [models.Index(fields=["-signed_at"], name="discordant_reads", condition=Q(discordant=True))]


class Overruling(models.Model):
    """Why a reader overruled the AI: asked after signing, and never needed for it."""

    class Reason(models.TextChoices):
        QUALITY = "quality", _("The film's quality misled it")
        VIEW = "view", _("The view or the patient's position misled it")
        AGE = "age", _("The patient is not like those it learned from")
        OTHER_DISEASE = "other_disease", _("Another disease looks like pneumonia here")
        FAINT = "faint", _("The pneumonia is faint or hidden")
        MODEL = "model", _("The model is simply wrong")
        UNSURE = "unsure", _("The reader is not certain either")

    read = models.OneToOneField(Read, models.CASCADE, primary_key=True, related_name="overruling")
    reason = models.CharField(max_length=13, choices=Reason)
    given_at = models.DateTimeField(db_default=Now(), editable=False)


class SecondRead(models.Model):
    """A signed study that another radiologist reads without seeing the first report, and a third where they differ.

    It blocks nothing: the first report stands until an adjudication says otherwise. Its claim is a lease like that of
    a study, on this row alone; the study stays read.
    """

    class Why(models.TextChoices):
        LIKELY_ABSENT = "likely_absent", _("AI likely, reader absent")
        LESS_LIKELY_PRESENT = "less_likely_present", _("AI less likely, reader present")
        RANDOM = "random", _("drawn at random")

    class Stage(models.TextChoices):
        SECOND = "second", pgettext_lazy("stage of a second read", "waits for a second reader")
        ADJUDICATION = "adjudication", pgettext_lazy("stage of a second read", "waits for a third reader")
        SETTLED = "settled", pgettext_lazy("stage of a second read", "settled")

    OPEN = (Stage.SECOND, Stage.ADJUDICATION)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey("Study", models.CASCADE, related_name="second_reads")
    first = models.OneToOneField(Read, models.CASCADE, related_name="second_read")
    second = models.OneToOneField(Read, models.CASCADE, null=True, related_name="+")
    adjudication = models.OneToOneField(Read, models.CASCADE, null=True, related_name="+")
    why = models.CharField(max_length=19, choices=Why)
    stage = models.CharField(max_length=12, choices=Stage, default=Stage.SECOND)
    claimed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    claimed_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [
            models.Index(fields=["created_at", "id"], name="second_reads_open", condition=~Q(stage="settled")),
            models.Index(fields=["claimed_until"], name="second_reads_by_end", condition=~Q(claimed_by=None)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(claimed_by=None, claimed_until=None)
                | Q(claimed_by__isnull=False, claimed_until__isnull=False, stage__in=["second", "adjudication"]),
                name="claimed_while_open",
            ),
        ]
