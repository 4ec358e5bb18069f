"""What radiologists say: findings, drafts, signed reads."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from screening.models.studies import Band


class Finding(models.TextChoices):
    """The answer to one question: is there pneumonia on this study?"""

    PRESENT = "present", "Present"
    ABSENT = "absent", "Absent"
    INDETERMINATE = "indeterminate", "Indeterminate"
    INADEQUATE = "inadequate", "Technically inadequate"


class Draft(models.Model):
    """What a reader has entered and not yet signed; outlives a lost claim."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey("Study", models.CASCADE, related_name="drafts")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    finding = models.CharField(max_length=13, choices=Finding, blank=True)
    comment = models.TextField(blank=True, max_length=4000)
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "reader"], name="one_draft_a_reader")]


class Read(models.Model):
    """A signed report or an addendum. A database trigger refuses to change or delete one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey("Study", models.PROTECT, related_name="reads")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="reads")
    addendum_to = models.ForeignKey("self", models.PROTECT, null=True, related_name="addenda")
    finding = models.CharField(max_length=13, choices=Finding)
    comment = models.TextField(blank=True, max_length=4000)
    # What the AI said at that moment, so that discordance can be told later.
    band = models.CharField(max_length=11, choices=Band, blank=True)
    probability = models.FloatField(null=True)
    model_version = models.ForeignKey("ModelVersion", models.PROTECT, null=True, related_name="+")
    discordant = models.BooleanField(default=False)
    signed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["signed_at"]
        indexes = [models.Index(fields=["-signed_at"], name="discordant_reads", condition=Q(discordant=True))]
