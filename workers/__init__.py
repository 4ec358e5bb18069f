"""The bridge between the ledger and Celery."""

from workers.celery import app as celery_app

__all__ = ["celery_app"]
