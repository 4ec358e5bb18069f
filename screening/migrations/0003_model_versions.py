"""Versions are told apart by their card, know when they were active, and predictions know their distance."""

import hashlib
import json

from django.db import migrations, models
from django.db.models import F, Q

KINDS = [
    ("login", "logged in"),
    ("login_failed", "login failed"),
    ("logout", "logged out"),
    ("upload", "uploaded"),
    ("image_joined", "image joined"),
    ("view", "viewed"),
    ("explain", "asked where the model looked"),
    ("screened", "screening ended"),
    ("claim", "claimed"),
    ("release", "released"),
    ("claim_expired", "claim expired"),
    ("sign", "signed"),
    ("addend", "added an addendum"),
    ("priority", "class changed"),
    ("withdraw", "withdrawn"),
    ("restore", "restored"),
    ("retry", "screening retried"),
    ("user_created", "user created"),
    ("roles", "roles changed"),
    ("password", "password reset"),
    ("deactivated", "user deactivated"),
    ("activated", "user activated"),
    ("site", "site changed"),
    ("model", "model promoted"),
    ("model_added", "model added"),
    ("model_rollback", "rolled back to a model"),
    ("model_shadow", "model in or out of shadow"),
    ("rescreen", "studies screened again"),
    ("export", "films exported"),
    ("demo_removed", "demo studies removed"),
]


def tell_apart(apps, schema_editor):
    """Until now every version came with the code, and what has a prediction was active once."""
    versions = apps.get_model("screening", "ModelVersion")
    predictions = apps.get_model("screening", "Prediction")
    for version in versions.objects.all():
        card = {name: value for name, value in version.card.items() if value is not None}
        text = json.dumps(card, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        version.card_sha256 = hashlib.sha256(text.encode()).hexdigest()
        version.save(update_fields=["card_sha256"])
    versions.objects.update(shipped=True)
    shown = Q(active=True) | Q(pk__in=predictions.objects.values("model_version"))
    versions.objects.filter(shown).update(activated_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("screening", "0002_append_only")]

    operations = [
        migrations.AddField("modelversion", "shadow", models.BooleanField(default=False)),
        migrations.AddField("modelversion", "shipped", models.BooleanField(default=False)),
        migrations.AddField("modelversion", "activated_at", models.DateTimeField(null=True)),
        migrations.AddField("modelversion", "checked_at", models.DateTimeField(null=True)),
        migrations.AddField("modelversion", "follows_from", models.UUIDField(null=True)),
        migrations.AddField(
            "modelversion", "card_sha256", models.CharField("SHA-256 of the card", max_length=64, default="")
        ),
        migrations.AlterField("modelversion", "sha256", models.CharField("SHA-256 of the weights", max_length=64)),
        migrations.RunPython(tell_apart, migrations.RunPython.noop),
        migrations.AlterField(
            "modelversion", "card_sha256", models.CharField("SHA-256 of the card", max_length=64, unique=True)
        ),
        migrations.AddConstraint(
            "modelversion",
            models.CheckConstraint(condition=~Q(active=True, shadow=True), name="active_or_shadow"),
        ),
        migrations.AddField("prediction", "distance", models.FloatField(null=True)),
        migrations.AddField("prediction", "outside_domain", models.BooleanField(default=False)),
        migrations.AddField("prediction", "subtypes", models.JSONField(null=True)),
        migrations.AlterField("event", "kind", models.CharField(choices=KINDS, max_length=16)),
        migrations.AlterField("screening", "priority", models.SmallIntegerField(default=2)),
        migrations.AlterField("job", "priority", models.SmallIntegerField(default=2)),
    ]
