import datetime
import uuid

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import screening.models.people


class Migration(migrations.Migration):
    dependencies = [
        ("screening", "0004_intake"),
    ]

    operations = [
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("stat_likely", "likely pneumonia in class stat"),
                            ("batch_ended", "a batch has ended"),
                            ("false_negative", "pneumonia that the AI had called less likely"),
                        ],
                        max_length=14,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
            options={
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="Overruling",
            fields=[
                (
                    "read",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="overruling",
                        serialize=False,
                        to="screening.read",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("quality", "The film's quality misled it"),
                            ("view", "The view or the patient's position misled it"),
                            ("age", "The patient is not like those it learned from"),
                            ("other_disease", "Another disease looks like pneumonia here"),
                            ("faint", "The pneumonia is faint or hidden"),
                            ("model", "The model is simply wrong"),
                            ("unsure", "The reader is not certain either"),
                        ],
                        max_length=13,
                    ),
                ),
                (
                    "given_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=40)),
                ("query", models.CharField(max_length=500)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="SecondRead",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("likely_absent", "AI likely, reader absent"),
                            ("less_likely_present", "AI less likely, reader present"),
                            ("random", "drawn at random"),
                        ],
                        max_length=19,
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("second", "waits for a second reader"),
                            ("adjudication", "waits for a third reader"),
                            ("settled", "settled"),
                        ],
                        default="second",
                        max_length=12,
                    ),
                ),
                ("claimed_until", models.DateTimeField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("settled_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["created_at", "id"],
            },
        ),
        migrations.AddField(
            model_name="draft",
            name="blind_finding",
            field=models.CharField(
                blank=True,
                choices=[
                    ("present", "Present"),
                    ("absent", "Absent"),
                    ("indeterminate", "Indeterminate"),
                    ("inadequate", "Technically inadequate"),
                ],
                max_length=13,
            ),
        ),
        migrations.AddField(
            model_name="draft",
            name="certainty",
            field=models.CharField(
                blank=True,
                choices=[("certain", "Certain"), ("probable", "Probable"), ("possible", "Possible")],
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="draft",
            name="side",
            field=models.CharField(
                blank=True, choices=[("right", "Right"), ("left", "Left"), ("both", "Both")], max_length=5
            ),
        ),
        migrations.AddField(
            model_name="draft",
            name="told_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="draft",
            name="told_to",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name="draft",
            name="urgent",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name="image",
            name="column_spacing_mm",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="image",
            name="row_spacing_mm",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="image",
            name="spacing_at_detector",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="job",
            name="recipient",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="read",
            name="blind_finding",
            field=models.CharField(
                blank=True,
                choices=[
                    ("present", "Present"),
                    ("absent", "Absent"),
                    ("indeterminate", "Indeterminate"),
                    ("inadequate", "Technically inadequate"),
                ],
                max_length=13,
            ),
        ),
        migrations.AddField(
            model_name="read",
            name="certainty",
            field=models.CharField(
                blank=True,
                choices=[("certain", "Certain"), ("probable", "Probable"), ("possible", "Possible")],
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="read",
            name="kind",
            field=models.CharField(
                choices=[("first", "report"), ("second", "second read"), ("adjudication", "adjudication")],
                default="first",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="read",
            name="side",
            field=models.CharField(
                blank=True, choices=[("right", "Right"), ("left", "Left"), ("both", "Both")], max_length=5
            ),
        ),
        migrations.AddField(
            model_name="read",
            name="told_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="read",
            name="told_to",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name="read",
            name="urgent",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name="site",
            name="ai_order",
            field=models.BooleanField(default=True, verbose_name="the AI orders the worklist"),
        ),
        migrations.AddField(
            model_name="site",
            name="blind_first",
            field=models.BooleanField(
                default=False,
                help_text="Rows, reasons and filters hide what the AI says until the reader has a finding.",
                verbose_name="the finding comes before the score",
            ),
        ),
        migrations.AddField(
            model_name="site",
            name="closes",
            field=models.TimeField(default=datetime.time(0, 0), verbose_name="reading ends"),
        ),
        migrations.AddField(
            model_name="site",
            name="opens",
            field=models.TimeField(default=datetime.time(0, 0), verbose_name="reading begins"),
        ),
        migrations.AddField(
            model_name="site",
            name="reading_days",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.SmallIntegerField(
                    choices=[
                        (0, "Monday"),
                        (1, "Tuesday"),
                        (2, "Wednesday"),
                        (3, "Thursday"),
                        (4, "Friday"),
                        (5, "Saturday"),
                        (6, "Sunday"),
                    ]
                ),
                default=screening.models.people.every_day,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="site",
            name="second_read_share",
            field=models.FloatField(
                default=0.05,
                help_text="Beside those where reader and AI contradict each other. 0 where there is one reader alone.",
                validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(1)],
                verbose_name="share of signed studies that are read twice at random",
            ),
        ),
        migrations.AddField(
            model_name="site",
            name="time_zone",
            field=models.CharField(default="UTC", max_length=64),
        ),
        migrations.AddField(
            model_name="site",
            name="webhook_key",
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="site",
            name="webhook_url",
            field=models.URLField(blank=True, max_length=300, verbose_name="webhook for notices"),
        ),
        migrations.AddField(
            model_name="study",
            name="first_claimed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="study",
            name="screened_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="study",
            name="signed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="user",
            name="mail_notices",
            field=models.BooleanField(default=False, verbose_name="notices by e-mail"),
        ),
        migrations.AddField(
            model_name="user",
            name="notices_seen_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AlterField(
            model_name="event",
            name="kind",
            field=models.CharField(
                choices=[
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
                    ("hand_over", "handed over"),
                    ("break_lock", "claim broken"),
                    ("ai_shown", "AI shown after the finding"),
                    ("overruled", "said why the AI was overruled"),
                    ("second_opened", "sent to a second reader"),
                    ("second_claim", "second read claimed"),
                    ("second_sign", "second read signed"),
                    ("adjudicate", "adjudicated"),
                    ("results", "results listed"),
                    ("ai_order", "AI order switched"),
                    ("priority", "class changed"),
                    ("withdraw", "withdrawn"),
                    ("restore", "restored"),
                    ("retry", "screening retried"),
                    ("view_corrected", "view corrected"),
                    ("decoded", "decoded after all"),
                    ("batch_cancelled", "batch cancelled"),
                    ("batch_retried", "batch retried"),
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
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[
                    ("archive", "unpack an archive"),
                    ("explain", "draw where the model looked"),
                    ("confirm", "take what a dry run held"),
                    ("decode", "decode a film again"),
                    ("mail", "send a notice by e-mail"),
                    ("webhook", "post a notice to a webhook"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="roles",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("technologist", "Technologist"),
                        ("radiologist", "Radiologist"),
                        ("administrator", "Administrator"),
                        ("clinical_lead", "Clinical lead"),
                        ("results", "Results"),
                    ],
                    max_length=16,
                ),
                blank=True,
                default=list,
                size=None,
            ),
        ),
        migrations.AddIndex(
            model_name="study",
            index=models.Index(fields=["site", "-signed_at"], name="studies_by_signature"),
        ),
        migrations.AddField(
            model_name="notice",
            name="batch",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="notices", to="screening.batch"
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="site",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="notices", to="screening.site"
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="study",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="notices", to="screening.study"
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="notice",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="jobs", to="screening.notice"
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.UniqueConstraint(
                condition=models.Q(("notice", None), _negated=True),
                fields=("kind", "notice", "recipient"),
                name="one_delivery_a_notice_and_person",
                nulls_distinct=False,
            ),
        ),
        migrations.AddField(
            model_name="savedview",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="views", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="secondread",
            name="adjudication",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="screening.read"
            ),
        ),
        migrations.AddField(
            model_name="secondread",
            name="claimed_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="secondread",
            name="first",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="second_read", to="screening.read"
            ),
        ),
        migrations.AddField(
            model_name="secondread",
            name="second",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="screening.read"
            ),
        ),
        migrations.AddField(
            model_name="secondread",
            name="study",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="second_reads", to="screening.study"
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["site", "-created_at"], name="notices_of_a_site"),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("study", None), _negated=True), fields=("kind", "study"), name="one_notice_a_study"
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("batch", None), _negated=True), fields=("kind", "batch"), name="one_notice_a_batch"
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(fields=("user", "name"), name="one_view_a_name"),
        ),
        migrations.AddIndex(
            model_name="secondread",
            index=models.Index(
                condition=models.Q(("stage", "settled"), _negated=True),
                fields=["created_at", "id"],
                name="second_reads_open",
            ),
        ),
        migrations.AddIndex(
            model_name="secondread",
            index=models.Index(
                condition=models.Q(("claimed_by", None), _negated=True),
                fields=["claimed_until"],
                name="second_reads_by_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="secondread",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("claimed_by", None), ("claimed_until", None)),
                    models.Q(
                        ("claimed_by__isnull", False),
                        ("claimed_until__isnull", False),
                        ("stage__in", ["second", "adjudication"]),
                    ),
                    _connector="OR",
                ),
                name="claimed_while_open",
            ),
        ),
    ]
