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
