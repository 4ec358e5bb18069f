"""What is sent: batches, what stands beside them, and a receipt for every file."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from screening.models.studies import AgeGroup, Priority


class Batch(models.Model):
    """Files sent together by one person.

    A batch on TRIAL is a dry run: its files are looked at and held, and nothing of them is stored until it is
    confirmed (then it is OPEN) or discarded. A cancelled one takes no more files.
    """

    class Source(models.TextChoices):
        PAGE = "page", _("upload page")
        API = "api", "API"
        COMMAND = "command", _("command line")
        WATCH = "watch", _("watch folder")
        SAMPLES = "samples", _("sample studies")

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("state of a batch", "open")
        TRIAL = "trial", pgettext_lazy("state of a batch", "dry run")
        CONFIRMING = "confirming", pgettext_lazy("state of a batch", "being confirmed")
        DISCARDED = "discarded", pgettext_lazy("state of a batch", "discarded")
        CANCELLED = "cancelled", pgettext_lazy("state of a batch", "cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # The sender's Idempotency-Key: a batch that is begun again under it is the first one.
    key = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    # The batch whose manifest named another site for some of its films; those are here.
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="children")
    site = models.ForeignKey("Site", models.CASCADE, related_name="batches")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="batches")
    source = models.CharField(max_length=8, choices=Source)
    name = models.CharField(max_length=120, blank=True)
    priority = models.SmallIntegerField(choices=Priority, default=Priority.ROUTINE)
    age_group = models.CharField(max_length=8, choices=AgeGroup, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["uploaded_by", "key"], condition=~Q(key=""), name="one_batch_a_key"),
            models.UniqueConstraint(fields=["parent", "site"], name="one_sibling_a_site"),
        ]
        # Every sweep asks which of late have come to rest.
        indexes = [models.Index(fields=["created_at"], name="batches_by_time", condition=Q(state="open"))]


class ManifestRow(models.Model):
    """What a CSV beside the films says of one of them, once checked.

    `source`: the path under which the CSV was sent; `row` as a spreadsheet counts, so that the first film is in row 2.
    `name`: the film's path. `folded`: the same without the differences between systems; `last`: what of that stands
    behind the last slash. `matched`: the path of the film that has this row; one of another path is not taken.
    `error`: why the film of this row is not taken, a sentence; the others go through.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    batch = models.ForeignKey(Batch, models.CASCADE, related_name="manifest")
    source = models.CharField(max_length=255)
    row = models.PositiveIntegerField()
    name = models.CharField(max_length=255, blank=True)
    folded = models.CharField(max_length=255, blank=True)
    last = models.CharField(max_length=255, blank=True)
    matched = models.CharField(max_length=255, blank=True)
    site = models.ForeignKey("Site", models.CASCADE, null=True, related_name="+")
    patient_id = models.CharField(max_length=64, blank=True)
    patient_name = models.CharField(max_length=200, blank=True)
    accession = models.CharField(max_length=64, blank=True)
    priority = models.SmallIntegerField(choices=Priority, null=True)
    view = models.CharField(max_length=16, blank=True)
    age_years = models.FloatField(null=True)
    error = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["row"]
        constraints = [models.UniqueConstraint(fields=["batch", "source", "row"], name="one_manifest_row_a_number")]
        indexes = [
            models.Index(fields=["batch", "folded"], name="manifest_by_path"),
            models.Index(fields=["batch", "last"], name="manifest_by_last"),
        ]


class Part(models.Model):
    """A file on its way in pieces (the tus protocol): `offset` bytes of `size` are here, in the files `pieces`.

    Once whole it is taken like any file, and `receipt` or `job` says what it became.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    batch = models.ForeignKey(Batch, models.CASCADE, related_name="parts")
    key = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=255)
    size = models.BigIntegerField()
    offset = models.BigIntegerField(default=0)
    pieces = ArrayField(models.CharField(max_length=100), default=list)
    receipt = models.ForeignKey("Receipt", models.CASCADE, null=True, related_name="+")
    job = models.ForeignKey("Job", models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    touched_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["touched_at"], name="parts_by_touch")]


class Usage(models.Model):
    """How much one person sent to one site on one day (UTC, by the database's clock): what quotas are counted by."""

    site = models.ForeignKey("Site", models.CASCADE, related_name="usage")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="usage")
    day = models.DateField()
    files = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "site", "user"], name="one_usage_a_day", nulls_distinct=False)
        ]


class Receipt(models.Model):
    """What became of one sent file, or in a dry run what would become of it. Every file has exactly one."""

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", pgettext_lazy("outcome of a file", "accepted")
        DUPLICATE = "duplicate", pgettext_lazy("outcome of a file", "already here")
        CONFLICT = "conflict", pgettext_lazy("outcome of a file", "conflict")
        REJECTED = "rejected", pgettext_lazy("outcome of a file", "rejected")
        SKIPPED = "skipped", pgettext_lazy("outcome of a file", "skipped")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    batch = models.ForeignKey(Batch, models.CASCADE, related_name="receipts")
    name = models.CharField(max_length=255)
    # The sender's Idempotency-Key: a file that is sent again under it gets this receipt.
    key = models.CharField(max_length=64, blank=True)
    # The bytes of a dry run's file that would be taken, until it is confirmed or discarded.
    held = models.FileField(max_length=200, blank=True)
    # An archive's entries are taken by a job that may run twice; their numbers keep each to one receipt.
    job = models.ForeignKey("Job", models.CASCADE, null=True, related_name="receipts")
    entry = models.PositiveIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField(default=0)
    outcome = models.CharField(max_length=9, choices=Outcome)
    reason = models.CharField(max_length=40, blank=True)
    sentence = models.CharField(max_length=255, blank=True)
    study = models.ForeignKey("Study", models.CASCADE, null=True, related_name="receipts")
    image = models.ForeignKey("Image", models.CASCADE, null=True, related_name="receipts")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["job", "entry"], name="one_receipt_an_entry"),
            models.UniqueConstraint(fields=["batch", "key"], condition=~Q(key=""), name="one_receipt_a_key"),
        ]
        # A page of a batch, whatever it holds.
        indexes = [models.Index(fields=["batch", "created_at", "id"], name="receipts_in_order")]
