"""The history: who did what to which study, and when. Rows are only ever added; a trigger refuses the rest."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import pgettext_lazy


class Event(models.Model):
    """One line of history. `detail` holds codes and ids, never patient data."""

    class Kind(models.TextChoices):
        LOGIN = "login", pgettext_lazy("history", "logged in")
        LOGIN_FAILED = "login_failed", pgettext_lazy("history", "login failed")
        LOGOUT = "logout", pgettext_lazy("history", "logged out")
        UPLOAD = "upload", pgettext_lazy("history", "uploaded")
        IMAGE_JOINED = "image_joined", pgettext_lazy("history", "image joined")
        VIEW = "view", pgettext_lazy("history", "viewed")
        EXPLAIN = "explain", pgettext_lazy("history", "asked where the model looked")
        SCREENED = "screened", pgettext_lazy("history", "screening ended")
        CLAIM = "claim", pgettext_lazy("history", "claimed")
        RELEASE = "release", pgettext_lazy("history", "released")
        CLAIM_EXPIRED = "claim_expired", pgettext_lazy("history", "claim expired")
        SIGN = "sign", pgettext_lazy("history", "signed")
        ADDEND = "addend", pgettext_lazy("history", "added an addendum")
        HAND_OVER = "hand_over", pgettext_lazy("history", "handed over")
        BREAK_LOCK = "break_lock", pgettext_lazy("history", "claim broken")
        AI_SHOWN = "ai_shown", pgettext_lazy("history", "AI shown after the finding")
        OVERRULED = "overruled", pgettext_lazy("history", "said why the AI was overruled")
        SECOND_OPENED = "second_opened", pgettext_lazy("history", "sent to a second reader")
        SECOND_CLAIM = "second_claim", pgettext_lazy("history", "second read claimed")
        SECOND_SIGN = "second_sign", pgettext_lazy("history", "second read signed")
        ADJUDICATE = "adjudicate", pgettext_lazy("history", "adjudicated")
        RESULTS = "results", pgettext_lazy("history", "results listed")
        AI_ORDER = "ai_order", pgettext_lazy("history", "AI order switched")
        PRIORITY = "priority", pgettext_lazy("history", "class changed")
        WITHDRAW = "withdraw", pgettext_lazy("history", "withdrawn")
        RESTORE = "restore", pgettext_lazy("history", "restored")
        RETRY = "retry", pgettext_lazy("history", "screening retried")
        VIEW_CORRECTED = "view_corrected", pgettext_lazy("history", "view corrected")
        DECODED = "decoded", pgettext_lazy("history", "decoded after all")
        BATCH_CANCELLED = "batch_cancelled", pgettext_lazy("history", "batch cancelled")
        BATCH_RETRIED = "batch_retried", pgettext_lazy("history", "batch retried")
        USER_CREATED = "user_created", pgettext_lazy("history", "user created")
        ROLES = "roles", pgettext_lazy("history", "roles changed")
        PASSWORD = "password", pgettext_lazy("history", "password reset")
        DEACTIVATED = "deactivated", pgettext_lazy("history", "user deactivated")
        ACTIVATED = "activated", pgettext_lazy("history", "user activated")
        SITE = "site", pgettext_lazy("history", "site changed")
        MODEL = "model", pgettext_lazy("history", "model promoted")
        MODEL_ADDED = "model_added", pgettext_lazy("history", "model added")
        MODEL_ROLLBACK = "model_rollback", pgettext_lazy("history", "rolled back to a model")
        MODEL_SHADOW = "model_shadow", pgettext_lazy("history", "model in or out of shadow")
        RESCREEN = "rescreen", pgettext_lazy("history", "studies screened again")
        EXPORT = "export", pgettext_lazy("history", "films exported")
        DEMO_REMOVED = "demo_removed", pgettext_lazy("history", "demo studies removed")

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
