"""What the API's answers look like. A score never comes without its model version and the sentence on its use."""

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ml.calibrate import REFERENCE_PREVALENCE
from screening import permissions, wording, worklist
from screening.answers import answer
from screening.models import Band, Certainty, Finding, Priority, Read, Side, Study
from screening.said_elsewhere import said
from webportal.ai_card import ppv_of


class PriorityField(serializers.ChoiceField):
    """A class by its name: `stat`, `urgent` or `routine`."""

    def __init__(self, **kwargs):
        super().__init__(choices=[priority.code for priority in Priority], **kwargs)

    def to_representation(self, value):
        return Priority(value).code

    def to_internal_value(self, data):
        return Priority[super().to_internal_value(data).upper()]


class SentenceField(serializers.CharField):
    """A sentence that is kept in English, in the language of whoever asks."""

    def to_representation(self, value):
        return said(super().to_representation(value))


class ScoreMixin(serializers.Serializer):
    """What stands beside every probability."""

    prevalence = serializers.SerializerMethodField(
        help_text="The share of studies with pneumonia that `probability` holds for."
    )
    research_use = serializers.SerializerMethodField()

    def get_prevalence(self, scored) -> float:
        return REFERENCE_PREVALENCE

    def get_research_use(self, scored) -> str:
        return _(wording.RESEARCH_USE)


class ModelVersionShape(serializers.Serializer):
    id = serializers.UUIDField(help_text="Its card is at /api/v1/models/{id}.")
    name = serializers.CharField()
    version = serializers.CharField()
    sha256 = serializers.CharField(help_text="Of the weights.")


class Ai(ScoreMixin):
    """Where the screening of a study stands. `band` is empty and `probability` null while no score counts."""

    state = serializers.CharField(source="ai_state")
    words = serializers.SerializerMethodField(help_text="Why there is no score, or why it does not count.")
    probability = serializers.FloatField(allow_null=True, help_text="Calibrated, 0 to 1; the highest frontal image's.")
    score = serializers.IntegerField(allow_null=True, help_text="0 to 100, as the screens show it.")
    band = serializers.ChoiceField(choices=Band, allow_blank=True)
    ppv = serializers.SerializerMethodField(help_text="Share with pneumonia among films of this band at this site.")
    site_prevalence = serializers.FloatField(source="site.prevalence", help_text="The prevalence `ppv` holds for.")
    model = ModelVersionShape(source="model_version", allow_null=True)

    def to_representation(self, study):
        """Says nothing where the finding comes first: `hidden` in the context holds the ids of such studies."""
        said = super().to_representation(study)
        if study.pk not in self.context.get("hidden", ()):
            return said
        nothing = {"state": "hidden", "words": _(wording.FINDING_FIRST), "band": ""}
        return said | dict.fromkeys(("probability", "score", "ppv", "model")) | nothing

    def get_words(self, study) -> str:
        return wording.ai_state(study.ai_state)

    def get_ppv(self, study) -> float | None:
        if study.ai_state != "screened" or study.model_version is None:
            return None
        return round(ppv_of(study), 3)


class Patient(serializers.Serializer):
    """As the films say it; any of it may be missing."""

    id = serializers.CharField(source="patient_id")
    name = serializers.CharField(source="patient_name")
    birth_date = serializers.DateField(allow_null=True)
    age_years = serializers.FloatField(allow_null=True)
    sex = serializers.CharField()


class StudyRow(serializers.Serializer):
    """A study in a list."""

    id = serializers.UUIDField()
    site = serializers.CharField(source="site.code")
    status = serializers.ChoiceField(choices=Study.Status)
    priority = PriorityField()
    received_at = serializers.DateTimeField()
    limit_at = serializers.DateTimeField(source="cap_at", help_text="The limit of its class at its site.")
    synthetic = serializers.BooleanField(help_text="A synthetic phantom of the Demo site, and no patient.")
    accession = serializers.CharField()
    patient = Patient(source="*")
    claimed_by = serializers.CharField(source="claimed_by.username", allow_null=True, default=None)
    claimed_until = serializers.DateTimeField(allow_null=True)
    ai = Ai(source="*")
    ai_hidden = serializers.SerializerMethodField(
        help_text="Whether `ai` says nothing to you yet: your finding comes before the score here."
    )

    def get_ai_hidden(self, study) -> bool:
        return study.pk in self.context.get("hidden", ())


class WorklistRow(StudyRow):
    """A study on the worklist, with the reason for its place. The context holds the instant `now` of the page."""

    reason = serializers.SerializerMethodField(help_text="Why the study stands where it stands.")
    due_at = serializers.SerializerMethodField(help_text="The earlier of its due time and its limit.")
    overdue = serializers.SerializerMethodField()
    waiting_s = serializers.SerializerMethodField(help_text="Seconds since it was received.")

    def get_reason(self, study) -> str:
        return worklist.reason(study, self.context["now"], self.get_ai_hidden(study))

    @extend_schema_field(serializers.DateTimeField())
    def get_due_at(self, study):
        # The due time follows from the score.
        return timezone.localtime(study.cap_at if self.get_ai_hidden(study) else worklist.due(study)).isoformat()

    def get_overdue(self, study) -> bool:
        return study.cap_at <= self.context["now"]

    def get_waiting_s(self, study) -> int:
        return int((self.context["now"] - study.received_at).total_seconds())


class PredictionShape(ScoreMixin):
    """What one model version says of one image, as far as it counts."""

    probability = serializers.SerializerMethodField(
        help_text="Calibrated, 0 to 1; null outside the model's ages and for a film unlike those it learned from."
    )
    score = serializers.SerializerMethodField()
    band = serializers.SerializerMethodField(help_text="`uncertain` where `probability` is null.")
    outside_domain = serializers.BooleanField(help_text="The film looks unlike the films the model learned from.")
    distance = serializers.FloatField(allow_null=True, help_text="From those films; null where that is not judged.")
    subtypes = serializers.SerializerMethodField(
        help_text="Research only, not validated: `bacterial` and `viral`, 0 to 1, of a model with three classes."
    )
    model = ModelVersionShape(source="model_version")
    active = serializers.BooleanField(source="model_version.active", help_text="Whether it orders the worklist.")
    preprocess_version = serializers.CharField()
    milliseconds = serializers.FloatField()
    created_at = serializers.DateTimeField()

    def get_probability(self, prediction) -> float | None:
        return answer(prediction, prediction.image.study).probability

    def get_score(self, prediction) -> int | None:
        return answer(prediction, prediction.image.study).score

    @extend_schema_field(serializers.ChoiceField(choices=Band))
    def get_band(self, prediction):
        return answer(prediction, prediction.image.study).band

    def get_subtypes(self, prediction) -> dict[str, float] | None:
        return answer(prediction, prediction.image.study).subtypes


class ScreeningShape(serializers.Serializer):
    """The job of one image for one model version."""

    state = serializers.CharField()
    reason = serializers.CharField(source="error_code")
    sentence = SentenceField(source="error_sentence")
    attempts = serializers.IntegerField()
    model = ModelVersionShape(source="model_version")


class ImageShape(serializers.Serializer):
    """One picture of a study."""

    id = serializers.UUIDField()
    view = serializers.CharField()
    modality = serializers.CharField()
    format = serializers.CharField()
    rows = serializers.IntegerField()
    columns = serializers.IntegerField()
    bits = serializers.IntegerField()
    received_at = serializers.DateTimeField()
    not_screened = serializers.CharField(source="gate", help_text="Why the AI is not applied, or empty.")
    screenings = ScreeningShape(many=True)
    predictions = PredictionShape(many=True)

    def to_representation(self, image):
        said = super().to_representation(image)
        return said | {"predictions": []} if image.study_id in self.context.get("hidden", ()) else said


class ReadShape(ScoreMixin):
    """A signed read or an addendum, with what the AI said at that moment."""

    id = serializers.UUIDField()
    addendum_to = serializers.UUIDField(source="addendum_to_id", allow_null=True)
    reader = serializers.CharField(source="reader.username")
    kind = serializers.ChoiceField(choices=Read.Kind)
    finding = serializers.ChoiceField(choices=Finding.choices)
    side = serializers.ChoiceField(choices=Side, allow_blank=True, help_text="Of the patient.")
    certainty = serializers.ChoiceField(choices=Certainty, allow_blank=True)
    comment = serializers.CharField()
    urgent = serializers.CharField(help_text="Another finding that cannot wait, or empty.")
    told_to = serializers.CharField(help_text="Whom the reader told of it; empty where nobody was reached.")
    told_at = serializers.DateTimeField(allow_null=True)
    blind_finding = serializers.ChoiceField(
        choices=Finding.choices,
        allow_blank=True,
        help_text="The finding before the AI was shown, where the site wants it so.",
    )
    signed_at = serializers.DateTimeField()
    band = serializers.ChoiceField(choices=Band, allow_blank=True)
    probability = serializers.FloatField(allow_null=True)
    model = ModelVersionShape(source="model_version", allow_null=True)

    def to_representation(self, read):
        said = super().to_representation(read)
        hidden = {"band": "", "probability": None, "model": None}
        return said | hidden if read.study_id in self.context.get("hidden", ()) else said


class StudyDetail(StudyRow):
    """A study with its images. `reads` is there only for those who may see findings."""

    version = serializers.IntegerField(help_text="Send it back when you sign: it rises when an image joins.")
    description = serializers.CharField()
    clinical_question = serializers.CharField()
    taken_at = serializers.DateTimeField(allow_null=True)
    images = ImageShape(many=True)
    reads = ReadShape(many=True, required=False)

    def get_fields(self):
        found = super().get_fields()
        user = self.context.get("user")
        # Without a user the schema is being written, and the key belongs to it.
        if user is not None and not permissions.may_see_reads(user):
            del found["reads"]
        return found
