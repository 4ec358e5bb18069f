"""The ledger: every row that FirstRead keeps. PostgreSQL only; the lease and the order are SQL."""

from screening.models.batches import Batch, ManifestRow, Part, Receipt, Usage
from screening.models.events import Event
from screening.models.notices import Notice
from screening.models.people import Role, Site, User, Weekday
from screening.models.reads import Certainty, Draft, Finding, Overruling, Read, SecondRead, Side
from screening.models.screenings import BACKGROUND, SHOWN, Heartbeat, Job, Leased, ModelVersion, Prediction, Screening
from screening.models.studies import LATERAL_VIEWS, YEARS, AgeGroup, Band, Image, Priority, Study
from screening.models.views import SavedView

__all__ = [
    "BACKGROUND", "LATERAL_VIEWS", "SHOWN", "YEARS", "AgeGroup", "Band", "Batch", "Certainty", "Draft", "Event",
    "Finding", "Heartbeat", "Image", "Job", "Leased", "ManifestRow", "ModelVersion", "Notice", "Overruling", "Part",
    "Prediction", "Priority", "Read", "Receipt", "Role", "SavedView", "Screening", "SecondRead", "Side", "Site",
    "Study", "Usage", "User", "Weekday",
]  # fmt: skip
