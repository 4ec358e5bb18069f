"""A worker claims by its versions, and a sweep asks which batches of late have come to rest."""

from django.db import migrations, models
from django.db.models import Q

PENDING = Q(state="pending")


class Migration(migrations.Migration):
    dependencies = [("screening", "0007_worklist_indexes")]
    operations = [
        migrations.AddIndex(
            "batch", models.Index(fields=["created_at"], name="batches_by_time", condition=Q(state="open"))
        ),
        migrations.AddIndex(
            "screening",
            models.Index(
                fields=["model_version", "priority", "due_at", "id"], name="screening_by_version", condition=PENDING
            ),
        ),
        migrations.AddIndex(
            "screening",
            models.Index(
                fields=["model_version", "created_at", "id"],
                name="screening_version_arrival",
                condition=PENDING & Q(priority__lt=3),
            ),
        ),
    ]
