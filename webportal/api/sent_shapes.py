"""What is sent and what is answered: the API's shapes of batches, archives and receipts."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from screening import permissions, wording
from screening.models import Band, Batch, Job, Priority, Receipt, Site
from screening.progress import progress
from webportal.api.errors import ErrorBody
from webportal.api.shapes import ModelVersionShape, PriorityField, ScoreMixin

WHICH_SITE = "The code of one of your sites; needed where you have several beside a demo site."


class SiteField(serializers.SlugRelatedField):
    """One of the user's sites by its code. What is elsewhere and what is nowhere get the same answer."""

    default_error_messages = {"does_not_exist": "This is not one of your sites."}

    def get_queryset(self):
        user = self.context.get("user")
        return permissions.sites_of(user) if user else Site.objects.none()


class NewBatch(serializers.Serializer):
    """Films that belong together: where they come from, and how urgent they are."""

    site = SiteField(slug_field="code", required=False, queryset=Site.objects.none(), help_text=WHICH_SITE)
    priority = PriorityField(required=False, default=Priority.ROUTINE)
    name = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)

    def validate(self, sent):
        if "site" not in sent:
            sites = list(permissions.sites_of(self.context["user"]).filter(demo=False)[:2])
            if len(sites) != 1:
                raise serializers.ValidationError({"site": ["Say which of your sites these films belong to."]})
            sent["site"] = sites[0]
        return sent


class BatchShape(serializers.Serializer):
    id = serializers.UUIDField()
    site = serializers.CharField(source="site.code")
    priority = PriorityField()
    name = serializers.CharField()
    source = serializers.ChoiceField(choices=Batch.Source)
    uploaded_by = serializers.CharField(source="uploaded_by.username", allow_null=True, default=None)
    created_at = serializers.DateTimeField()


class ReasonShape(serializers.Serializer):
    code = serializers.CharField()
    outcome = serializers.ChoiceField(choices=Receipt.Outcome)
    files = serializers.IntegerField()
    sentence = serializers.CharField()


class ArchiveShape(serializers.Serializer):
    """A ZIP on its way through intake; its entries get receipts of the batch."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=Job.State)
    entries = serializers.IntegerField(source="total", allow_null=True)
    reason = serializers.CharField(source="error_code")
    sentence = serializers.CharField(source="error_sentence")


class ProgressShape(serializers.Serializer):
    files = serializers.IntegerField(help_text="Files with a receipt.")
    packed = serializers.IntegerField(help_text="Entries of opened archives that have no receipt yet.")
    outcomes = serializers.DictField(child=serializers.IntegerField(), help_text="Files by outcome.")
    reasons = ReasonShape(many=True)
    screenings = serializers.DictField(child=serializers.IntegerField(), help_text="Accepted images by state.")
    images = serializers.IntegerField(help_text="Images that this batch brought.")
    screened = serializers.IntegerField(help_text="Images that the AI has ended with, or is not applied to.")
    bands = serializers.DictField(child=serializers.IntegerField(), help_text="Studies by band.")
    archives = ArchiveShape(many=True)
    settled = serializers.BooleanField(help_text="Nothing of this batch will change by itself any more.")


class BatchDetail(BatchShape):
    progress = serializers.SerializerMethodField()
    research_use = serializers.SerializerMethodField()

    @extend_schema_field(ProgressShape)
    def get_progress(self, batch):
        return ProgressShape(progress(batch)).data

    def get_research_use(self, batch) -> str:
        return wording.RESEARCH_USE


class AnswerShape(ScoreMixin):
    """What the AI says of one image, as far as it counts: `probability` is null outside the model's ages and domain."""

    probability = serializers.FloatField(allow_null=True, help_text="Calibrated, 0 to 1.")
    score = serializers.IntegerField(allow_null=True, help_text="0 to 100, as the screens show it.")
    band = serializers.ChoiceField(choices=Band)
    subtypes = serializers.DictField(
        child=serializers.FloatField(),
        allow_null=True,
        help_text="Research only, not validated: `bacterial` and `viral`, 0 to 1, of a model with three classes.",
    )
    model = ModelVersionShape(source="model_version")


class ReceiptShape(serializers.Serializer):
    """What became of one file. The context holds `answers`, {image id: Answer}."""

    id = serializers.UUIDField()
    batch = serializers.UUIDField(source="batch_id")
    name = serializers.CharField()
    size = serializers.IntegerField()
    outcome = serializers.ChoiceField(choices=Receipt.Outcome)
    reason = serializers.CharField(help_text="A stable code, or empty.")
    sentence = serializers.CharField()
    study = serializers.UUIDField(source="study_id", allow_null=True)
    image = serializers.UUIDField(source="image_id", allow_null=True)
    created_at = serializers.DateTimeField()
    ai = serializers.SerializerMethodField(help_text="Where the AI stands with the study of this file, in words.")
    prediction = serializers.SerializerMethodField()

    def get_ai(self, receipt) -> str | None:
        return receipt.study and wording.ai_state(receipt.study.ai_state)

    @extend_schema_field(AnswerShape(allow_null=True))
    def get_prediction(self, receipt):
        found = self.context["answers"].get(receipt.image_id)
        return found and AnswerShape(found).data


class Taken(serializers.Serializer):
    """One file: its `receipt` (with `error` where it was refused) or its `archive`. Several: `receipts`, `archives`."""

    receipt = ReceiptShape(required=False)
    archive = ArchiveShape(required=False)
    error = ErrorBody(required=False)
    receipts = ReceiptShape(many=True, required=False)
    archives = ArchiveShape(many=True, required=False)


class ReceiptFilters(serializers.Serializer):
    outcome = serializers.ChoiceField(choices=Receipt.Outcome, required=False)
    reason = serializers.CharField(max_length=40, required=False)
    id = serializers.ListField(child=serializers.UUIDField(), max_length=200, required=False)

    def apply(self, receipts):
        """Those of the given receipts (a queryset) that were asked for."""
        self.is_valid(raise_exception=True)
        columns = {"id": "pk__in"}
        return receipts.filter(**{columns.get(name, name): value for name, value in self.validated_data.items()})


class ReceiptPage(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    research_use = serializers.CharField()
    results = ReceiptShape(many=True)


class Files(serializers.Serializer):
    """A form of type multipart/form-data."""

    file = serializers.FileField(help_text="A JPEG, PNG, DICOM or ZIP file; the field may come many times.")
    name = serializers.CharField(required=False, help_text="The path to show for a single file, such as `cd/IM-1.dcm`.")


class Upload(NewBatch, Files):
    pass
