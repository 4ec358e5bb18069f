"""The ledger: every row that FirstRead keeps. PostgreSQL only; the lease and the order are SQL."""

from screening.models.events import Event
from screening.models.people import Role, Site, User
from screening.models.reads import Draft, Finding, Read
from screening.models.screenings import BACKGROUND, SHOWN, Heartbeat, Job, Leased, ModelVersion, Prediction, Screening
from screening.models.studies import Band, Batch, Image, Priority, Receipt, Study

__all__ = [
    "BACKGROUND", "SHOWN", "Band", "Batch", "Draft", "Event", "Finding", "Heartbeat", "Image", "Job", "Leased",
    "ModelVersion", "Prediction", "Priority", "Read", "Receipt", "Role", "Screening", "Site", "Study", "User",
]  # fmt: skip
