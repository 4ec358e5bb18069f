"""The worklist's indexes begin with the site, and serve its filters and its search."""

from django.contrib.postgres.indexes import OpClass
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Upper

LISTED = Q(status__in=["received", "screened", "unscreened", "reading"])


def added(*expressions, **how):
    return migrations.AddIndex("study", models.Index(*expressions, **how))


class Migration(migrations.Migration):
    dependencies = [("screening", "0006_turnaround")]
    operations = [
        migrations.RemoveIndex("study", "worklist_by_limit"),
        migrations.RemoveIndex("study", "worklist_by_due"),
        added(fields=["site", "priority", "cap_at", "received_at", "id"], name="worklist_by_limit", condition=LISTED),
        added(
            fields=["site", "priority", "due_at", "received_at", "id"],
            name="worklist_by_due",
            condition=LISTED,
            include=["cap_at"],
        ),
        added(
            fields=["site", "band", "ai_state", "priority", "cap_at", "received_at", "id"],
            name="worklist_kinds_by_limit",
            condition=LISTED,
        ),
        added(
            fields=["site", "band", "ai_state", "priority", "due_at", "received_at", "id"],
            name="worklist_kinds_by_due",
            condition=LISTED,
            include=["cap_at"],
        ),
        added(
            F("site"),
            OpClass(Upper("accession"), name="text_pattern_ops"),
            name="worklist_by_accession",
            condition=LISTED & ~Q(accession=""),
        ),
        added(
            F("site"),
            OpClass(Upper("patient_id"), name="text_pattern_ops"),
            name="worklist_by_patient",
            condition=LISTED & ~Q(patient_id=""),
        ),
    ]
