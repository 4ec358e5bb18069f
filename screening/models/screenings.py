"""What the machines do: leased rows, model versions, predictions, and signs of life."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from screening.models.studies import Band, Priority

PENDING = Q(state="pending")


class ModelVersion(models.Model):
    """A set of weights with its card. Exactly one version is active: it orders the worklist."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=64)
    version = models.CharField(max_length=32)
    architecture = models.CharField(max_length=32)
    sha256 = models.CharField(max_length=64, unique=True)
    card = models.JSONField()
    active = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["active"], condition=Q(active=True), name="one_active_model")]

    def __str__(self):
        return f"{self.name} {self.version}, {self.sha256[:6]}"


class Leased(models.Model):
    """A row of work that is taken under a lease and written under a fence; `screening.queue` holds the moves.

    `attempts` counts claims, before the work. `crashes` counts leases that ran out while the row ran alone.
    Only the database's clock is ever compared with `lease_until` and `next_attempt_at`.
    """

    class State(models.TextChoices):
        PENDING = "pending", "pending"
        LEASED = "leased", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        QUARANTINED = "quarantined", "quarantined"
        NOT_APPLICABLE = "not_applicable", "not applicable"
        CANCELLED = "cancelled", "cancelled"
        SUPERSEDED = "superseded", "superseded"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=14, choices=State, default=State.PENDING)
    priority = models.SmallIntegerField(choices=Priority, default=Priority.ROUTINE)
    due_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveIntegerField(default=0)
    crashes = models.PositiveIntegerField(default=0)
    alone = models.BooleanField(default=False)
    fence = models.BigIntegerField(default=0)
    lease_owner = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)
    next_attempt_at = models.DateTimeField(db_default=Now())
    rang_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_sentence = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        indexes = [
            models.Index(fields=["priority", "due_at", "id"], name="%(class)s_by_urgency", condition=PENDING),
            models.Index(fields=["created_at", "id"], name="%(class)s_by_arrival", condition=PENDING),
            models.Index(fields=["lease_until"], name="%(class)s_by_lease", condition=Q(state="leased")),
        ]


class Screening(Leased):
    """One job: an image for a model version."""

    image = models.ForeignKey("Image", models.CASCADE, related_name="screenings")
    model_version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="screenings")

    class Meta(Leased.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["image", "model_version"], name="one_screening_an_image_and_version")
        ]


class Job(Leased):
    """Every other work that outlasts a request, under the same lease and sweep."""

    class Kind(models.TextChoices):
        ARCHIVE = "archive", "unpack an archive"
        EXPLAIN = "explain", "draw where the model looked"

    kind = models.CharField(max_length=16, choices=Kind)
    batch = models.ForeignKey("Batch", models.CASCADE, null=True, related_name="jobs")
    image = models.ForeignKey("Image", models.CASCADE, null=True, related_name="jobs")
    model_version = models.ForeignKey(ModelVersion, models.PROTECT, null=True, related_name="jobs")
    # The archive that came in, or the picture that went out.
    file = models.FileField(max_length=200, blank=True)
    name = models.CharField(max_length=255, blank=True)
    total = models.PositiveIntegerField(null=True)

    class Meta(Leased.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["image", "model_version"],
                condition=Q(kind="explain"),
                name="one_explanation_an_image_and_version",
            )
        ]


class Prediction(models.Model):
    """What one model version says of one image. Written once, never changed.

    `logit` is the network's raw output; `probability` (0..1) is calibrated and holds at the reference prevalence, 20 %.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    image = models.ForeignKey("Image", models.CASCADE, related_name="predictions")
    model_version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="predictions")
    logit = models.FloatField()
    probability = models.FloatField()
    band = models.CharField(max_length=11, choices=Band)
    preprocess_version = models.CharField(max_length=32)
    milliseconds = models.FloatField()
    worker = models.CharField(max_length=120)
    fence = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["image", "model_version"], name="one_prediction_an_image_and_version")
        ]

    @property
    def score(self):
        """0 to 100: the calibrated probability at the reference prevalence, as screens show it."""
        return round(100 * self.probability)


class Heartbeat(models.Model):
    """The last sign of life of a worker's child or of the sweep."""

    name = models.CharField(primary_key=True, max_length=120)
    kind = models.CharField(max_length=16)
    seen_at = models.DateTimeField(db_default=Now())
    # SHA-256 of the weights this worker has loaded, and what keeps it from loading others.
    loaded = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    problem = models.CharField(max_length=255, blank=True)
