"""What the machines do: leased rows, model versions, predictions, and signs of life."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from screening.models.studies import Band, Priority

PENDING = Q(state="pending")
# Rows that belong to a version whose scores people are shown: it is active, or was and is not in shadow since.
SHOWN = Q(model_version__active=True) | Q(model_version__activated_at__isnull=False, model_version__shadow=False)
# Behind every class: what a shadow version screens, and what is screened again though it was read.
BACKGROUND = 3


class ModelVersion(models.Model):
    """A card with its weights. Exactly one version is active: it orders the worklist.

    Another card is another version, even of the same weights: a calibration to local films changes every p.
    A version in shadow screens what arrives too, and nobody is shown what it says.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=64)
    version = models.CharField(max_length=32)
    architecture = models.CharField(max_length=32)
    sha256 = models.CharField(_("SHA-256 of the weights"), max_length=64)
    card_sha256 = models.CharField(_("SHA-256 of the card"), max_length=64, unique=True)
    card = models.JSONField()
    active = models.BooleanField(default=False)
    shadow = models.BooleanField(default=False)
    # It came with the code; the next release may bring another of its name, which then takes over.
    shipped = models.BooleanField(default=False)
    # When it last became the active one; null where it never was, and nobody has been shown a score of it.
    activated_at = models.DateTimeField(null=True)
    # The last waiting study that a promotion of it has brought to it, where some are left; null where all are.
    follows_from = models.UUIDField(null=True)
    # When its weights had the card's SHA-256 and its canary the card's score, on this machine.
    checked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["active"], condition=Q(active=True), name="one_active_model"),
            models.CheckConstraint(condition=~Q(active=True, shadow=True), name="active_or_shadow"),
        ]

    def __str__(self):
        return f"{self.name} {self.version}, {self.sha256[:6]}"


class Leased(models.Model):
    """A row of work that is taken under a lease and written under a fence; `screening.queue` holds the moves.

    `attempts` counts claims, before the work. `crashes` counts leases that ran out while the row ran alone.
    Only the database's clock is ever compared with `lease_until` and `next_attempt_at`.
    """

    class State(models.TextChoices):
        PENDING = "pending", pgettext_lazy("state of a task", "pending")
        LEASED = "leased", pgettext_lazy("state of a task", "running")
        DONE = "done", pgettext_lazy("state of a task", "done")
        FAILED = "failed", pgettext_lazy("state of a task", "failed")
        QUARANTINED = "quarantined", pgettext_lazy("state of a task", "quarantined")
        NOT_APPLICABLE = "not_applicable", pgettext_lazy("state of a task", "not applicable")
        CANCELLED = "cancelled", pgettext_lazy("state of a task", "cancelled")
        SUPERSEDED = "superseded", pgettext_lazy("state of a task", "superseded")

    UNSETTLED = (State.PENDING, State.LEASED)
    ENDED_BADLY = (State.FAILED, State.QUARANTINED, State.CANCELLED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=14, choices=State, default=State.PENDING)
    # A class, or BACKGROUND.
    priority = models.SmallIntegerField(default=Priority.ROUTINE)
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
        indexes = [
            *Leased.Meta.indexes,
            # A worker takes what is of the versions that it has loaded, and walks through no other's backlog.
            models.Index(
                fields=["model_version", "priority", "due_at", "id"], name="screening_by_version", condition=PENDING
            ),
            models.Index(
                fields=["model_version", "created_at", "id"],
                name="screening_version_arrival",
                condition=PENDING & Q(priority__lt=BACKGROUND),
            ),
            # How fast the workers were of late.
            models.Index(fields=["ended_at"], name="screenings_by_end"),
        ]


class Job(Leased):
    """Every other work that outlasts a request, under the same lease and sweep."""

    class Kind(models.TextChoices):
        ARCHIVE = "archive", pgettext_lazy("task", "unpack an archive")
        EXPLAIN = "explain", pgettext_lazy("task", "draw where the model looked")
        CONFIRM = "confirm", pgettext_lazy("task", "take what a dry run held")
        DECODE = "decode", pgettext_lazy("task", "decode a film again")
        MAIL = "mail", pgettext_lazy("task", "send a notice by e-mail")
        WEBHOOK = "webhook", pgettext_lazy("task", "post a notice to a webhook")

    kind = models.CharField(max_length=16, choices=Kind)
    batch = models.ForeignKey("Batch", models.CASCADE, null=True, related_name="jobs")
    image = models.ForeignKey("Image", models.CASCADE, null=True, related_name="jobs")
    model_version = models.ForeignKey(ModelVersion, models.PROTECT, null=True, related_name="jobs")
    notice = models.ForeignKey("Notice", models.CASCADE, null=True, related_name="jobs")
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    # The archive that came in, or the picture that went out.
    file = models.FileField(max_length=200, blank=True)
    name = models.CharField(max_length=255, blank=True)
    # An archive's: its sender's Idempotency-Key, and what it is compared by when it comes again.
    key = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    total = models.PositiveIntegerField(null=True)

    class Meta(Leased.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["image", "model_version"],
                condition=Q(kind="explain"),
                name="one_explanation_an_image_and_version",
            ),
            models.UniqueConstraint(fields=["batch", "key"], condition=~Q(key=""), name="one_job_a_key"),
            models.UniqueConstraint(
                fields=["kind", "notice", "recipient"],
                condition=~Q(notice=None),
                nulls_distinct=False,
                name="one_delivery_a_notice_and_person",
            ),
            models.UniqueConstraint(fields=["batch"], condition=Q(kind="confirm"), name="one_confirmation_a_batch"),
            models.UniqueConstraint(fields=["image"], condition=Q(kind="decode"), name="one_decoding_an_image"),
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
    # How unlike the film is to those that the model learned from (`ml.card.Card.in_domain`), and whether too much so.
    distance = models.FloatField(null=True)
    outside_domain = models.BooleanField(default=False)
    # Of a model with three classes, for research alone: {"bacterial": p, "viral": p}, at the reference prevalence.
    subtypes = models.JSONField(null=True)
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
    # SHA-256 of the cards whose models this worker has loaded, and what keeps it from loading others.
    loaded = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    problem = models.CharField(max_length=255, blank=True)
