"""The order of the worklist as formulas: when a study is due, from its class, its probability and its site's policy.

    due_at = received_at + cap/16 * 48^(1-p)        cap_at = received_at + cap

so that a routine film (cap 8 h) waits 30 minutes at p = 1 and 24 hours at p = 0, and nobody past the cap waits behind
a fresh film. Ageing is linear in the waiting time, so the order never needs rescoring: two instants, both stored.
Both waits count the site's reading hours alone (`screening.hours`).
"""

import operator
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from screening import hours
from screening.models import Priority
from screening.models.people import Policy

# Pending, unscreened, out of the card's ages: the middle, never last.
UNKNOWN = 0.5
# 48 and 16 are the design's: the likeliest film is due at a sixteenth of the limit, the least likely at three times it.
SPREAD, FIRST_SHARE = 48, 16
# Raise it with every change of a formula: rows and reports name it.
VERSION = 2
_NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def cap(site, priority):
    """The limit of a class at a site, as a timedelta."""
    minutes = {Priority.STAT: site.cap_stat, Priority.URGENT: site.cap_urgent, Priority.ROUTINE: site.cap_routine}
    return timedelta(minutes=minutes[Priority(priority)])


def by_due_time(received_at, limit, p, after: Callable = operator.add):
    """`after(instant, wait)` is the instant at which that much reading time has gone by."""
    return after(received_at, limit / FIRST_SHARE * SPREAD ** (1 - p))


def by_arrival(received_at, limit, p, after: Callable = operator.add):
    """The same for everybody, whatever the AI says: the order is that of arrival."""
    return by_due_time(received_at, limit, UNKNOWN, after)


def by_probability(received_at, limit, p, after: Callable = operator.add):
    """An instant that says the probability alone; equal probabilities go by arrival. Not a time to show."""
    return _NO_TIME + timedelta(hours=1 - p)


POLICIES = {Policy.DUE_TIME: by_due_time, Policy.PROBABILITY: by_probability, Policy.FIFO: by_arrival}


def policy(site):
    """The policy that orders a site's list now: first come, first served while its AI order is switched off."""
    return Policy(site.policy) if site.ai_order else Policy.FIFO


def due(study, p):
    """(due_at, cap_at) of a study with probability `p`: 0..1 at the reference prevalence, or None where none counts."""
    limit, after = cap(study.site, study.priority), hours.of(study.site).after
    p = UNKNOWN if p is None else p
    return POLICIES[policy(study.site)](study.received_at, limit, p, after), after(study.received_at, limit)
