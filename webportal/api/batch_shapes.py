"""What a batch is begun with, and how it is answered: the API's shapes of batches, their progress and archives."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from screening import failures, permissions, wording
from screening.models import AgeGroup, Batch, Job, Priority, Receipt, Site
from screening.progress import progress
from webportal.api.pages import PageShape
from webportal.api.shapes import PriorityField, SentenceField

WHICH_SITE = "The code of one of your sites; needed where you have several beside a demo site."


def each_once(data):
    """Of a form, a field other than `file` comes once: which of two a program means, nobody knows."""
    if hasattr(data, "getlist"):
        twice = [name for name in data if name != "file" and len(data.getlist(name)) > 1]
        if twice:
            raise serializers.ValidationError({name: [_("This field came more than once.")] for name in twice})


class SiteField(serializers.SlugRelatedField):
    """One of the user's sites by its code. What is elsewhere and what is nowhere get the same answer."""

    default_error_messages = {"does_not_exist": gettext_lazy("This is not one of your sites.")}

    def get_queryset(self):
        user = self.context.get("user")
        return permissions.sites_of(user) if user else Site.objects.none()


class NewBatch(serializers.Serializer):
    """Films that belong together: where they come from, and how urgent they are."""

    site = SiteField(slug_field="code", required=False, queryset=Site.objects.none(), help_text=WHICH_SITE)
    priority = PriorityField(required=False, default=Priority.ROUTINE)
    name = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
    age_group = serializers.ChoiceField(
        choices=AgeGroup.choices, required=False, default="", help_text="Of the films that do not say an age."
    )
    dry_run = serializers.BooleanField(
        required=False, default=False, help_text="Look at the files and hold them; store nothing until `confirm`."
    )

    def validate(self, sent):
        if "site" not in sent:
            sites = list(permissions.sites_of(self.context["user"]).filter(demo=False)[:2])
            if len(sites) != 1:
                raise serializers.ValidationError({"site": [_("Say which of your sites these films belong to.")]})
            sent["site"] = sites[0]
        return sent


class BatchShape(serializers.Serializer):
    id = serializers.UUIDField()
    site = serializers.CharField(source="site.code")
    priority = PriorityField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=Batch.State.choices)
    dry_run = serializers.SerializerMethodField(help_text="Nothing of it is stored yet: confirm it, or discard it.")
    age_group = serializers.ChoiceField(choices=AgeGroup.choices)
    source = serializers.ChoiceField(choices=Batch.Source)
    uploaded_by = serializers.CharField(source="uploaded_by.username", allow_null=True, default=None)
    created_at = serializers.DateTimeField()

    def get_dry_run(self, batch) -> bool:
        return batch.state == Batch.State.TRIAL


class ReasonShape(serializers.Serializer):
    code = serializers.CharField()
    outcome = serializers.ChoiceField(choices=Receipt.Outcome)
    files = serializers.IntegerField()
    sentence = serializers.CharField()


class FailureShape(serializers.Serializer):
    """What did not go well, in groups; those that `can_retry` are tried again by `POST batches/ID/retry {code}`."""

    where = serializers.ChoiceField(choices=failures.WHERE)
    code = serializers.CharField()
    sentence = serializers.CharField()
    count = serializers.IntegerField()
    can_retry = serializers.BooleanField()


class ArchiveShape(serializers.Serializer):
    """A ZIP on its way through intake; its entries get receipts of the batch."""

    id = serializers.UUIDField()
    key = serializers.CharField(help_text="Its sender's Idempotency-Key, or empty.")
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=Job.State.choices)
    entries = serializers.IntegerField(source="total", allow_null=True)
    reason = serializers.CharField(source="error_code")
    sentence = SentenceField(source="error_sentence")


class ProgressShape(serializers.Serializer):
    files = serializers.IntegerField(help_text="Files with a receipt.")
    packed = serializers.IntegerField(help_text="Entries of opened archives that have no receipt yet.")
    held = serializers.IntegerField(help_text="Files of a dry run that would be taken.")
    outcomes = serializers.DictField(
        child=serializers.IntegerField(), help_text="Files by outcome; of a dry run, by what would become of them."
    )
    reasons = ReasonShape(many=True)
    screenings = serializers.DictField(child=serializers.IntegerField(), help_text="Accepted images by state.")
    images = serializers.IntegerField(help_text="Images that this batch brought.")
    screened = serializers.IntegerField(help_text="Images that the AI has ended with, or is not applied to.")
    bands = serializers.DictField(
        child=serializers.IntegerField(), help_text="Studies by band; empty where some of them are hidden from you."
    )
    archives = ArchiveShape(many=True)
    failures = FailureShape(many=True)
    eta_s = serializers.FloatField(
        allow_null=True, default=None, help_text="Seconds until the AI has ended, or null: not known."
    )
    settled = serializers.BooleanField(help_text="Nothing of this batch will change by itself any more.")


class BatchDetail(BatchShape):
    progress = serializers.SerializerMethodField()
    research_use = serializers.SerializerMethodField()

    @extend_schema_field(ProgressShape)
    def get_progress(self, batch):
        return ProgressShape(progress(batch, self.context["user"])).data

    def get_research_use(self, batch) -> str:
        return _(wording.RESEARCH_USE)


class BatchPage(PageShape):
    results = BatchShape(many=True)
