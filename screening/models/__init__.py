"""The ledger: every row that FirstRead keeps. PostgreSQL only; the lease and the order are SQL."""

from screening.models.batches import Batch, ManifestRow, Part, Receipt, Usage
from screening.models.events import Event
from screening.models.people import Role, Site, User
from screening.models.reads import Draft, Finding, Read
from screening.models.screenings import BACKGROUND, SHOWN, Heartbeat, Job, Leased, ModelVersion, Prediction, Screening
from screening.models.studies import LATERAL_VIEWS, YEARS, AgeGroup, Band, Image, Priority, Study

__all__ = [
    "BACKGROUND", "LATERAL_VIEWS", "SHOWN", "YEARS", "AgeGroup", "Band", "Batch", "Draft", "Event", "Finding",
    "Heartbeat", "Image", "Job", "Leased", "ManifestRow", "ModelVersion", "Part", "Prediction", "Priority", "Read",
    "Receipt", "Role", "Screening", "Site", "Study", "Usage", "User",
]  # fmt: skip
