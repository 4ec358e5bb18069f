"""What is sent and what is answered: the API's shapes of files, receipts, keys and manifests."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from screening import wording
from screening.models import Band, Receipt
from webportal.api.batch_shapes import ArchiveShape, NewBatch, each_once
from webportal.api.errors import ErrorBody
from webportal.api.pages import PageShape, Paging
from webportal.api.shapes import ModelVersionShape, ScoreMixin, SentenceField


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
    key = serializers.CharField(help_text="Its sender's Idempotency-Key, or empty.")
    name = serializers.CharField()
    size = serializers.IntegerField()
    outcome = serializers.ChoiceField(choices=Receipt.Outcome)
    reason = serializers.CharField(help_text="A stable code, or empty.")
    sentence = SentenceField()
    study = serializers.UUIDField(source="study_id", allow_null=True)
    image = serializers.UUIDField(source="image_id", allow_null=True)
    created_at = serializers.DateTimeField()
    ai = serializers.SerializerMethodField(help_text="Where the AI stands with the study of this file, in words.")
    prediction = serializers.SerializerMethodField()

    def get_ai(self, receipt) -> str | None:
        if receipt.study_id in self.context["hidden"]:
            return _(wording.FINDING_FIRST)
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


class ReceiptFilters(Paging):
    key = serializers.CharField(max_length=64, required=False, help_text="Its sender's Idempotency-Key.")
    outcome = serializers.ChoiceField(choices=Receipt.Outcome, required=False)
    reason = serializers.CharField(max_length=40, required=False)
    id = serializers.ListField(child=serializers.UUIDField(), max_length=200, required=False)

    def apply(self, receipts):
        """Those of the given receipts (a queryset) that were asked for."""
        columns = {"id": "pk__in"}
        return receipts.filter(**{columns.get(name, name): value for name, value in self.filters().items()})


class ReceiptPage(PageShape):
    results = ReceiptShape(many=True)


class Files(serializers.Serializer):
    """A form of type multipart/form-data."""

    file = serializers.FileField(help_text="A JPEG, PNG, DICOM or ZIP file; the field may come many times.")
    name = serializers.CharField(
        required=False, allow_blank=True, max_length=1024, help_text="The path of a single file: `cd/IM-1.dcm`."
    )


class Path(serializers.Serializer):
    """What `Files` brings beside its files."""

    name = Files().fields["name"]

    @classmethod
    def of(cls, data):
        """The path that was sent, or "". Raises ValidationError."""
        each_once(data)
        sent = cls(data=data)
        sent.is_valid(raise_exception=True)
        return sent.validated_data.get("name", "")


class Upload(NewBatch, Files):
    pass


class WhichKeys(serializers.Serializer):
    keys = serializers.ListField(child=serializers.CharField(max_length=64), max_length=1000)


class PartShape(serializers.Serializer):
    """A file on its way in pieces: ask its `url` (HEAD, as tus has it), and go on from `offset`."""

    url = serializers.CharField()
    offset = serializers.IntegerField()


class Known(serializers.Serializer):
    """What is here, by the key under which it was sent; what is in none of the three is not here."""

    receipts = serializers.DictField(child=ReceiptShape())
    archives = serializers.DictField(child=ArchiveShape())
    parts = serializers.DictField(child=PartShape())


class ManifestErrorShape(serializers.Serializer):
    row = serializers.IntegerField()
    column = serializers.CharField()
    sentence = SentenceField()


class ManifestShape(serializers.Serializer):
    """What a list of films says: how many rows were taken, and what is wrong with the others."""

    rows = serializers.IntegerField()
    errors = ManifestErrorShape(many=True)
