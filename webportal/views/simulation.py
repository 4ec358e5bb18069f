"""The simulation as a page with sliders: what an order of the worklist would cost whom in such a department."""

import math
import threading
from functools import lru_cache

from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext_lazy
from django.views.decorators.http import require_GET

from ml.data import DataError
from screening import goals, permissions, turnaround
from screening.models.people import Policy
from webportal import plots
from webportal.shipped_scores import validation_scores
from webportal.simulation_form import WorldForm
from webportal.views.access import allowed

BUSY = gettext_noop("Another simulation is running at this moment. Try again in a few seconds.")
# One at a time in each process: the other threads serve the worklist.
_turn = threading.Semaphore(1)

GROUPS = {
    "pneumonia": pgettext_lazy("films", "Pneumonia"),
    "missed": pgettext_lazy("films", "Missed by the AI"),
    "other": pgettext_lazy("films", "Others"),
    "all": pgettext_lazy("films", "All films"),
}
POLICIES = {
    Policy.FIFO: pgettext_lazy("order of the worklist", "First come, first served"),
    Policy.PROBABILITY: pgettext_lazy("order of the worklist", "Probability"),
    Policy.DUE_TIME: pgettext_lazy("order of the worklist", "Due time"),
}


class Busy(Exception):
    """Another simulation is running in this process."""


@require_GET
@allowed(permissions.may_simulate)
def show(request):
    """The page, and for htmx, which asks when a slider has moved, its outcome alone."""
    form = WorldForm(request.GET)
    context, status = {"form": form}, 200
    try:
        context["card"] = validation_scores()[0]
        if form.is_valid():
            context |= _simulated(form.wish())
    except Busy:
        context["problem"], status = _(BUSY), 429
    except DataError as error:
        context["problem"] = str(error)
    part = request.htmx and not request.htmx.history_restore_request
    return render(
        request, "webportal/_simulation.html" if part else "webportal/simulation.html", context, status=status
    )


def _simulated(wish):
    """What the templates show of one run. Raises Busy."""
    run = wish.granted()
    outcome = _run(run)
    means = outcome.compared.means()
    return {
        "wish": wish,
        "run": run,
        "shortened": run != wish,
        "judged": outcome.judged(),
        "groups": [(words, _rows(outcome.compared, means, group)) for group, words in GROUPS.items()],
        "fitting": _fitting_limit(run.world, means),
        "plot": plots.simulated(means, GROUPS, POLICIES),
    }


def _fitting_limit(world, means):
    """Minutes, by the rule of `turnaround.proposed_limits`; None where limits count fewer hours than the clock."""
    if world.hours != (0, 24):
        return None
    return 15 * math.ceil(turnaround.TIMES * means[Policy.FIFO]["all"]["p95"] / 15)


def _rows(compared, means, group):
    """[(order, its mean, 95th percentile and maximum in minutes, Ratio of the mean)] of one group of films."""
    return [
        (words, means[policy][group], policy != Policy.FIFO and compared.ratio(policy, group, "mean"))
        for policy, words in POLICIES.items()
    ]


@lru_cache(maxsize=32)
def _run(run):
    """The goals.Outcome of a simulation_form.Wish; a page that is loaded again has it at once. Raises Busy."""
    if not _turn.acquire(blocking=False):
        raise Busy
    try:
        return _outcome(run)
    finally:
        _turn.release()


def _outcome(run):
    return goals.outcome(run.world, validation_scores()[1], run.seeds)
