"""What readers keep for themselves: views of the worklist under a name."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class SavedView(models.Model):
    """Filters of the worklist under a name, as one reader keeps them; `query` is the address's part after the ?."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="views")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=500)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="one_view_a_name")]
