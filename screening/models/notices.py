"""What people are told of without asking: in the page, by e-mail, by a site's webhook."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Notice(models.Model):
    """One thing that happened. Who is told is `screening.notices`' to say; it holds ids alone, no patient data."""

    class Kind(models.TextChoices):
        STAT_LIKELY = "stat_likely", _("likely pneumonia in class stat")
        BATCH_ENDED = "batch_ended", _("a batch has ended")
        FALSE_NEGATIVE = "false_negative", _("pneumonia that the AI had called less likely")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=14, choices=Kind)
    site = models.ForeignKey("Site", models.CASCADE, related_name="notices")
    study = models.ForeignKey("Study", models.CASCADE, null=True, related_name="notices")
    batch = models.ForeignKey("Batch", models.CASCADE, null=True, related_name="notices")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "study"], condition=~Q(study=None), name="one_notice_a_study"),
            models.UniqueConstraint(fields=["kind", "batch"], condition=~Q(batch=None), name="one_notice_a_batch"),
        ]
        indexes = [models.Index(fields=["site", "-created_at"], name="notices_of_a_site")]
