"""Celery's settings. Nothing here carries the promise that no film is lost: the ledger does (screening/queue.py)."""

import sys

from django.conf import settings

from workers import broker

broker_url = settings.BROKER_URL
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
# A ring is best effort: an upload never waits for a broker that is down.
broker_transport_options = broker.transport_options()
broker_connection_timeout = 1
task_publish_retry_policy = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}

# JSON in, nothing out: a pickle is refused, and results are rows.
task_serializer = "json"
accept_content = ["json"]
task_ignore_result = True

# Early ack and no prefetch: what is taken is decided in PostgreSQL, at that moment.
task_acks_late = False
worker_prefetch_multiplier = 1
# RabbitMQ knows no such thing: there one ring waits in the worker, and a ring may wait anywhere.
worker_disable_prefetch = not settings.BROKER_URL.startswith("amqp")
worker_cancel_long_running_tasks_on_connection_loss = False
# For a child that was stopped from outside; one that hangs ends itself, sooner (workers/watchdog.py). Loading the
# models on a slow machine has to fit in.
task_time_limit = 10 * settings.LEASE_S

# Flower sees the tasks by name, with ids alone.
worker_send_task_events = True
task_send_sent_event = True

# Celery would close the database's connection before and after every task; `workers.celery` keeps it between them.
CELERY_DB_REUSE_MAX = sys.maxsize
timezone = "UTC"
task_default_queue = "operations"
task_routes = {
    "workers.tasks.screen": {"queue": "screening"},
    "workers.tasks.explain": {"queue": "screening"},
    "workers.tasks.unpack": {"queue": "operations"},
    "workers.tasks.decode": {"queue": "operations"},
    "workers.tasks.confirm": {"queue": "operations"},
    "workers.tasks.mail": {"queue": "operations"},
    "workers.tasks.webhook": {"queue": "operations"},
    "workers.tasks.sweep": {"queue": "operations"},
}
beat_schedule = {
    # No message ever expires: that would be told by the clock of whoever reads it, and only the database's counts.
    "sweep": {"task": "workers.tasks.sweep", "schedule": settings.SWEEP_S}
}
