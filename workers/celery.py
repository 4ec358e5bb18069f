"""The Celery application: queues are kinds of work, messages are rings, results live in PostgreSQL."""

import os

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webportal.settings")
app = Celery("firstread")
app.config_from_object("workers.config")
app.autodiscover_tasks(["workers"])


@signals.setup_logging.connect
def keep_djangos_logging(**_):
    """With a receiver here Celery leaves the logging of Django's settings alone."""


@signals.worker_ready.connect
def sweep_at_once(**_):
    """A worker that starts does not wait for beat: leases of its killed predecessor go back, the model is loaded."""
    from workers import dispatch

    dispatch.sweep_now()
