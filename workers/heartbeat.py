"""Signs of life, as rows: what `/readyz` and the operations page read."""

from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from screening.models import Heartbeat


def beat(name, kind, *, loaded=(), problem=""):
    """Say that `name` lives now, with the models it has loaded (their cards' SHA-256) and what keeps it from others."""
    values = {"kind": kind, "seen_at": Now(), "loaded": list(loaded), "problem": problem[:255]}
    Heartbeat.objects.update_or_create(name=name, defaults=values)


def end(name):
    """`name` lives no longer, and says so itself."""
    Heartbeat.objects.filter(name=name).delete()


def alive(kind):
    """The heartbeats of a kind that are younger than four sweeps."""
    return Heartbeat.objects.filter(kind=kind, seen_at__gt=Now() - timedelta(seconds=4 * settings.SWEEP_S))


def forget_the_dead():
    """Drop heartbeats of processes that were last seen a day ago."""
    Heartbeat.objects.filter(seen_at__lt=Now() - timedelta(days=1)).delete()
