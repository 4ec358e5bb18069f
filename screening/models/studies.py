"""What is read: studies and their images."""

import uuid

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Priority(models.IntegerChoices):
    """The class a human gave. The AI orders inside a class and never changes one."""

    STAT = 0, pgettext_lazy("class of a study", "stat")
    URGENT = 1, pgettext_lazy("class of a study", "urgent")
    ROUTINE = 2, pgettext_lazy("class of a study", "routine")

    @property
    def code(self):
        """The class in addresses, commands, manifests and the API: the same in every language."""
        return self.name.lower()


class Band(models.TextChoices):
    LIKELY = "likely", pgettext_lazy("band", "Likely")
    UNCERTAIN = "uncertain", pgettext_lazy("band", "Uncertain")
    LESS_LIKELY = "less_likely", pgettext_lazy("band", "Less likely")


class AgeGroup(models.TextChoices):
    """Ages as a sender says them of films that do not say their own; `YEARS` has their bounds."""

    UNKNOWN = "", _("age unknown")
    INFANT = "under_1", _("under 1 year")
    SMALL_CHILD = "1_to_5", _("1 to 5 years")
    CHILD = "6_to_17", _("6 to 17 years")
    ADULT = "adult", _("18 years and over")


# Completed years, both included; None has no upper bound.
YEARS = {AgeGroup.INFANT: (0, 0), AgeGroup.SMALL_CHILD: (1, 5), AgeGroup.CHILD: (6, 17), AgeGroup.ADULT: (18, None)}


# Spelt out: an index serves what repeats its condition.
LISTED = Q(status__in=["received", "screened", "unscreened", "reading"])


class Study(models.Model):
    """One examination: what is queued, screened and read. `status` is written by `screening.lifecycle` alone."""

    class Status(models.TextChoices):
        RECEIVED = "received", pgettext_lazy("study status", "received")
        SCREENED = "screened", pgettext_lazy("study status", "screened")
        UNSCREENED = "unscreened", pgettext_lazy("study status", "unscreened")
        READING = "reading", pgettext_lazy("study status", "being read")
        READ = "read", pgettext_lazy("study status", "read")
        WITHDRAWN = "withdrawn", pgettext_lazy("study status", "withdrawn")

    WAITING = (Status.RECEIVED, Status.SCREENED, Status.UNSCREENED)
    ON_WORKLIST = (*WAITING, Status.READING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey("Site", models.CASCADE, related_name="studies")
    batch = models.ForeignKey("Batch", models.CASCADE, null=True, related_name="studies")
    status = models.CharField(max_length=10, choices=Status, default=Status.RECEIVED)
    priority = models.SmallIntegerField(choices=Priority, default=Priority.ROUTINE)
    received_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField()
    cap_at = models.DateTimeField()
    synthetic = models.BooleanField(default=False)

    # Where the screening stands; `screening.standing` writes these, from the predictions.
    probability = models.FloatField(null=True, blank=True)
    band = models.CharField(max_length=11, choices=Band, blank=True)
    ai_state = models.CharField(max_length=40, default="pending")
    model_version = models.ForeignKey("ModelVersion", models.PROTECT, null=True, related_name="+")

    # As the films say it. All of it may be missing.
    study_uid = models.CharField(max_length=64, blank=True)
    accession = models.CharField(max_length=64, blank=True)
    patient_name = models.CharField(max_length=200, blank=True)
    patient_id = models.CharField(max_length=64, blank=True)
    birth_date = models.DateField(null=True, blank=True)
    age_years = models.FloatField(null=True, blank=True)
    # What the sender said of a film that does not say its age.
    age_group = models.CharField(max_length=8, choices=AgeGroup, blank=True)
    sex = models.CharField(max_length=1, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    description = models.CharField(max_length=200, blank=True)
    clinical_question = models.CharField(max_length=500, blank=True)

    claimed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="claims")
    claimed_until = models.DateTimeField(null=True, blank=True)
    # When it was first scored, first claimed, and first signed: what turn-around is counted from.
    screened_at = models.DateTimeField(null=True, blank=True)
    first_claimed_at = models.DateTimeField(null=True, blank=True)
    signed_at = models.DateTimeField(null=True, blank=True)
    # Rises when something joins that a reader must see before signing.
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name_plural = "studies"
        constraints = [
            models.UniqueConstraint(fields=["site", "study_uid"], condition=~Q(study_uid=""), name="one_study_a_uid"),
            models.CheckConstraint(
                condition=Q(status="reading", claimed_by__isnull=False, claimed_until__isnull=False)
                | (~Q(status="reading") & Q(claimed_by=None, claimed_until=None)),
                name="claimed_while_reading",
            ),
        ]
        indexes = [
            # The ranges of the worklist (`screening.places`), a site at a time, inside the studies that still wait; and
            # the same for its studies of one band and AI state, so that a filter reads what it shows and no more.
            models.Index(
                fields=["site", "priority", "cap_at", "received_at", "id"], name="worklist_by_limit",
                condition=LISTED,
            ),
            models.Index(
                fields=["site", "priority", "due_at", "received_at", "id"], name="worklist_by_due",
                condition=LISTED, include=["cap_at"],
            ),
            models.Index(
                fields=["site", "band", "ai_state", "priority", "cap_at", "received_at", "id"],
                name="worklist_kinds_by_limit", condition=LISTED,
            ),
            models.Index(
                fields=["site", "band", "ai_state", "priority", "due_at", "received_at", "id"],
                name="worklist_kinds_by_due", condition=LISTED, include=["cap_at"],
            ),
            # A search by what an accession or an ID begins with.
            models.Index(
                F("site"), OpClass(Upper("accession"), name="text_pattern_ops"), name="worklist_by_accession",
                condition=LISTED & ~Q(accession=""),
            ),
            models.Index(
                F("site"), OpClass(Upper("patient_id"), name="text_pattern_ops"), name="worklist_by_patient",
                condition=LISTED & ~Q(patient_id=""),
            ),
            models.Index(fields=["claimed_until"], name="claims_by_end", condition=Q(status="reading")),
            models.Index(fields=["site", "-received_at"], name="studies_of_a_site"),
            models.Index(fields=["site", "-signed_at"], name="studies_by_signature"),
        ]  # fmt: skip

    def __str__(self):
        # No patient data: this text reaches logs.
        return f"study {self.id}"

    @property
    def score(self):
        """0 to 100, or None: the calibrated probability at the reference prevalence, as screens show it."""
        return None if self.probability is None else round(100 * self.probability)


# As `ml.pixels` and a correction write it; the others are what films of earlier versions hold.
LATERAL_VIEWS = ("LATERAL", "LAT", "LL", "RL", "LLD", "RLD")


class Image(models.Model):
    """One picture of a study, with its view, kept as the original and two renditions.

    One that cannot be decoded yet has no renditions, and what `rows`, `columns` and `bits` say is its header's.
    """

    class Gate(models.TextChoices):
        """Why the AI is not applied to a picture."""

        NONE = "", _("none")
        LATERAL = "lateral", _("lateral view")
        NO_CONTENT = "no_content", _("blank or saturated picture")
        MULTIFRAME = "multiframe", _("several pictures in one file")
        UNDECODABLE = "undecodable", _("picture not decodable yet")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, models.CASCADE, related_name="images")
    site = models.ForeignKey("Site", models.CASCADE, related_name="+")
    # Of the bytes that were sent; and of the kept original where it was rewritten on the way in, else empty.
    sha256 = models.CharField(max_length=64)
    original_sha256 = models.CharField(max_length=64, blank=True)
    # Of the decoded pixels; empty while they cannot be decoded.
    content_hash = models.CharField(max_length=64, blank=True)
    sop_uid = models.CharField(max_length=64, blank=True)
    format = models.CharField(max_length=8)
    modality = models.CharField(max_length=16, blank=True)
    view = models.CharField(max_length=16, blank=True)
    gate = models.CharField(max_length=12, choices=Gate, blank=True)
    # What the gate's sentence names: "JPEG XL (1.2.840.10008.1.2.4.112)", "12 pictures".
    gate_detail = models.CharField(max_length=120, blank=True)
    transfer_syntax = models.CharField(max_length=64, blank=True)
    frames = models.PositiveIntegerField(default=1)
    # The file says that letters are burned into the picture, which may name the patient.
    burned_in = models.BooleanField(default=False)
    deidentified = models.BooleanField(default=False)
    rows = models.PositiveIntegerField()
    columns = models.PositiveIntegerField()
    bits = models.PositiveSmallIntegerField(default=8)
    window_centre = models.FloatField(null=True)
    window_width = models.FloatField(null=True)
    # Between the middles of two rows, and of two columns; at the detector where the film says no more than that.
    row_spacing_mm = models.FloatField(null=True)
    column_spacing_mm = models.FloatField(null=True)
    spacing_at_detector = models.BooleanField(default=False)
    pixels_version = models.CharField(max_length=16)
    original = models.FileField(max_length=200)
    viewing = models.FileField(max_length=200, blank=True)
    model_input = models.FileField(max_length=200, blank=True)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["received_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["site", "sha256"], name="one_image_a_file"),
            models.UniqueConstraint(fields=["site", "sop_uid"], condition=~Q(sop_uid=""), name="one_image_a_sop_uid"),
        ]
        indexes = [models.Index(fields=["gate"], name="images_shut_off", condition=~Q(gate=""))]

    def __str__(self):
        return f"image {self.id}"

    @property
    def frontal(self):
        """Whether this picture counts for the study's score: every view but a lateral one."""
        return self.view not in LATERAL_VIEWS
