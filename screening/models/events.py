"""The history: who did what to which study, and when. Rows are only ever added; a trigger refuses the rest."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    """One line of history. `detail` holds codes and ids, never patient data."""

    class Kind(models.TextChoices):
        LOGIN = "login", "logged in"
        LOGIN_FAILED = "login_failed", "login failed"
        LOGOUT = "logout", "logged out"
        UPLOAD = "upload", "uploaded"
        IMAGE_JOINED = "image_joined", "image joined"
        VIEW = "view", "viewed"
        EXPLAIN = "explain", "asked where the model looked"
        SCREENED = "screened", "screening ended"
        CLAIM = "claim", "claimed"
        RELEASE = "release", "released"
        CLAIM_EXPIRED = "claim_expired", "claim expired"
        SIGN = "sign", "signed"
        ADDEND = "addend", "added an addendum"
        HAND_OVER = "hand_over", "handed over"
        BREAK_LOCK = "break_lock", "claim broken"
        AI_SHOWN = "ai_shown", "AI shown after the finding"
        OVERRULED = "overruled", "said why the AI was overruled"
        SECOND_OPENED = "second_opened", "sent to a second reader"
        SECOND_CLAIM = "second_claim", "second read claimed"
        SECOND_SIGN = "second_sign", "second read signed"
        ADJUDICATE = "adjudicate", "adjudicated"
        RESULTS = "results", "results listed"
        AI_ORDER = "ai_order", "AI order switched"
        PRIORITY = "priority", "class changed"
        WITHDRAW = "withdraw", "withdrawn"
        RESTORE = "restore", "restored"
        RETRY = "retry", "screening retried"
        VIEW_CORRECTED = "view_corrected", "view corrected"
        DECODED = "decoded", "decoded after all"
        BATCH_CANCELLED = "batch_cancelled", "batch cancelled"
        BATCH_RETRIED = "batch_retried", "batch retried"
        USER_CREATED = "user_created", "user created"
        ROLES = "roles", "roles changed"
        PASSWORD = "password", "password reset"
        DEACTIVATED = "deactivated", "user deactivated"
        ACTIVATED = "activated", "user activated"
        SITE = "site", "site changed"
        MODEL = "model", "model promoted"
        MODEL_ADDED = "model_added", "model added"
        MODEL_ROLLBACK = "model_rollback", "rolled back to a model"
        MODEL_SHADOW = "model_shadow", "model in or out of shadow"
        RESCREEN = "rescreen", "studies screened again"
        EXPORT = "export", "films exported"
        DEMO_REMOVED = "demo_removed", "demo studies removed"

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_default=Now(), editable=False)
    kind = models.CharField(max_length=16, choices=Kind)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="events")
    # History outlives what it speaks of: no constraint ties it to the row.
    study = models.ForeignKey("Study", models.DO_NOTHING, null=True, db_constraint=False, related_name="events")
    site = models.ForeignKey("Site", models.DO_NOTHING, null=True, db_constraint=False, related_name="events")
    detail = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["kind", "-at"], name="events_by_kind")]

    @classmethod
    def note(cls, kind, *, actor=None, study=None, site=None, address=None, **detail):
        """Add one line; takes part in the caller's transaction."""
        site_id = site.pk if site else getattr(study, "site_id", None)
        return cls.objects.create(
            kind=kind, actor=actor, study_id=getattr(study, "pk", None), site_id=site_id, address=address, detail=detail
        )
