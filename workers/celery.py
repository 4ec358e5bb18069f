"""The Celery application: queues are kinds of work, messages are rings, results live in PostgreSQL."""

import os

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webportal.settings")
app = Celery("firstread", amqp="workers.broker:Amqp")
app.config_from_object("workers.config")
app.autodiscover_tasks(["workers"])


@app.on_after_finalize.connect
def look_by_themselves(sender, **_):
    """Late, for the steps of a worker know Django's settings only by then."""
    from workers.polling import Poll

    sender.steps["consumer"].add(Poll)


@signals.setup_logging.connect
def keep_djangos_logging(**_):
    """With a receiver here Celery leaves the logging of Django's settings alone."""


@signals.worker_init.connect
def bound_sessions(**_):
    """In the parent, whose children inherit it."""
    from screening import away

    away.bound_sessions()


@signals.task_prerun.connect
def keep_the_connection(**_):
    """As Django does it between requests: closed where it has broken, or is older than CONN_MAX_AGE."""
    from django.db import close_old_connections

    close_old_connections()


@signals.worker_ready.connect
def sweep_at_once(**_):
    """A worker that starts does not wait for beat: leases of its killed predecessor go back, the model is loaded."""
    from workers import dispatch

    dispatch.sweep_now()
