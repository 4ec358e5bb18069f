"""A batch: how far it is, what went wrong, and what is done with it as a whole."""

import contextlib
from datetime import timedelta

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.db.models.functions import Now
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext, pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from screening import batches, blinding, holding, lifecycle, permissions, reasons, wording
from screening.answers import answers
from screening.models import Batch, Receipt, Screening
from screening.progress import progress, siblings
from screening.said_elsewhere import said
from webportal import sending
from webportal.trial import Trial
from webportal.views.access import allowed, demand, sees_films
from webportal.views.studies import undoable
from workers import dispatch

PAGE_SIZE = 50
# How a batch shows the outcomes: (value, words, class of the number).
OUTCOMES = [
    (Receipt.Outcome.ACCEPTED, pgettext_lazy("files", "accepted"), "ok"),
    (Receipt.Outcome.DUPLICATE, pgettext_lazy("files", "already here"), ""),
    (Receipt.Outcome.CONFLICT, pgettext_lazy("files", "in conflict"), "no"),
    (Receipt.Outcome.REJECTED, pgettext_lazy("files", "rejected"), "no"),
    (Receipt.Outcome.SKIPPED, pgettext_lazy("files", "left out"), ""),
]
FAILED = (Receipt.Outcome.REJECTED, Receipt.Outcome.CONFLICT)
MAY_NOT = gettext_noop("The sender of a batch, or a technologist of its site, does this.")
NOT_ITS_SENDER = gettext_noop("A dry run is confirmed or discarded by whoever began it, once.")
RETRIED = gettext_noop("Put back in the queue; a worker tries again at once.")
NOTHING_LEFT = gettext_noop("The batch is open again; nothing of it was left to try.")
# The screenings of a batch's films by state, in the order of their life.
STATES = {
    "pending": pgettext_lazy("films", "waiting for the AI"),
    "leased": pgettext_lazy("films", "running"),
    "done": pgettext_lazy("films", "screened"),
    "not_applicable": pgettext_lazy("films", "AI not applied"),
    "failed": pgettext_lazy("films", "AI failed"),
    "quarantined": pgettext_lazy("films", "AI stopped on them"),
    "cancelled": pgettext_lazy("films", "AI cancelled"),
    "superseded": pgettext_lazy("films", "of an earlier model"),
}
# A page that still may change asks soon while something moves, and seldom while more files may come.
SOON_S, SELDOM_S, LATELY = 2, 10, timedelta(minutes=5)
# Nothing of these is stored, so nothing is screened.
NOT_STORED = (Batch.State.TRIAL, Batch.State.DISCARDED)


@require_GET
@allowed(sees_films)
def batch(request, pk):
    """A batch: its files by outcome and reason, how far the AI is, and its receipts. Polled, it answers a fragment."""
    found = sending.batch_or_404(request.user, pk)
    asked = {name: request.GET[name].replace("\x00", "") for name in ("outcome", "reason") if request.GET.get(name)}
    receipts = found.receipts.filter(**asked).select_related("study__site")
    page = Paginator(receipts, PAGE_SIZE).get_page(request.GET.get("page"))
    predicted = answers([receipt.image_id for receipt in page if receipt.image_id], request.user)
    studies = {receipt.study for receipt in page if receipt.study}
    so_far = progress(found, request.user)
    stored = found.state not in NOT_STORED
    context = {
        "batch": found,
        "stored": stored,
        "progress": so_far,
        "poll_s": _poll_s(found, so_far),
        "taking": found.state == Batch.State.CONFIRMING and not _not_taken(so_far),
        "trial": Trial(found, permissions.sites_of(request.user)) if found.state == Batch.State.TRIAL else None,
        "outcomes": [
            (each, _words(words, each, stored), style, so_far.outcomes[each]) for each, words, style in OUTCOMES
        ],
        "ended_words": pgettext("films", "ended")
        if any(so_far.screenings.get(state) for state in Screening.ENDED_BADLY)
        else pgettext("films", "screened"),
        "states": [
            (state, words, so_far.screenings[state]) for state, words in STATES.items() if state in so_far.screenings
        ],
        "retryable": sum(each.count for each in so_far.failures if each.can_retry),
        "asked": asked,
        "asked_sentence": said(reasons.sentence(asked["reason"])) if "reason" in asked else "",
        "asked_words": next((words for value, words, _ in OUTCOMES if value == asked.get("outcome")), ""),
        "page": page,
        "rows": [(receipt, predicted.get(receipt.image_id), *_shown(receipt, stored)) for receipt in page],
        "hidden": blinding.hidden_ids(studies, request.user),
        "siblings": siblings(found, permissions.sites_of(request.user)),
        "parent": sending.visible_batches(request.user).filter(pk=found.parent_id).select_related("site").first(),
        "can": _abilities(request.user, found),
    }
    return render(request, "webportal/_batch.html" if request.htmx else "webportal/batch.html", context)


def _poll_s(found, so_far):
    """After how many seconds the page asks again; None where nothing will change by itself."""
    if not so_far.settled or (found.state == Batch.State.CONFIRMING and not _not_taken(so_far)):
        return SOON_S
    return SELDOM_S if found.state == Batch.State.CONFIRMING or _may_grow(found) else None


def _not_taken(so_far):
    """Whether the confirmation of a dry run has failed, and waits for somebody to try it again."""
    return any(each.where == "confirmation" for each in so_far.failures)


def _may_grow(found):
    """Whether a sender may be at it: it takes files, and was begun, or something came for it, a moment ago."""
    if found.state not in sending.TAKES_FILES:
        return False
    since = Now() - LATELY
    family = Batch.objects.filter(Q(pk=found.pk) | Q(parent=found.pk))
    return (
        family.filter(created_at__gt=since).exists()
        or Receipt.objects.filter(batch__in=family, created_at__gt=since).exists()
        or found.parts.filter(touched_at__gt=since).exists()
    )


def _words(words, outcome, stored):
    return pgettext("files", "would be taken") if outcome == Receipt.Outcome.ACCEPTED and not stored else words


def _shown(receipt, stored):
    """(words, class, whether the row shows the sentence) of one receipt."""
    words, style = next((words, style) for value, words, style in OUTCOMES if value == receipt.outcome)
    return _words(words, receipt.outcome, stored), style, bool(receipt.reason) and receipt.reason != "same_file"


def _abilities(user, found):
    """What this user may do with this batch now: the page hides by it, and each view asks the same rule again."""
    return {
        "cancel": permissions.may_cancel_batch(user, found),
        "retry": permissions.may_retry_batch(user, found),
        "confirm": permissions.may_confirm(user, found),
    }


@require_GET
@allowed(sees_films)
def trial(request, pk):
    """What a dry run found, and its two buttons: the upload page asks for it once all files are sent."""
    found = sending.batch_or_404(request.user, pk)
    if found.state != Batch.State.TRIAL:
        return HttpResponse(status=204)
    context = {
        "batch": found,
        "trial": Trial(found, permissions.sites_of(request.user)),
        "can": _abilities(request.user, found),
    }
    return render(request, "webportal/_trial.html", context)


@contextlib.contextmanager
def _saying_why_not(request):
    """What somebody else has overtaken, or cannot be done yet, is said on the page that follows."""
    try:
        yield
    except holding.Unpacking as unpacking:
        messages.warning(request, _(unpacking.sentence))
    except lifecycle.Overtaken:
        messages.warning(request, _(wording.OVERTAKEN))


@require_POST
@allowed(sees_films)
def confirm(request, pk):
    found = sending.batch_or_404(request.user, pk)
    demand(permissions.may_confirm(request.user, found), NOT_ITS_SENDER)
    with _saying_why_not(request):
        dispatch.ring_for_job(holding.confirm(found, request.user))
        messages.success(request, _("Confirmed: what was held is taken now, and nothing is sent again."))
    return redirect("batch", pk)


@require_POST
@allowed(sees_films)
def discard(request, pk):
    found = sending.batch_or_404(request.user, pk)
    demand(permissions.may_confirm(request.user, found), NOT_ITS_SENDER)
    with _saying_why_not(request):
        holding.discard(found, request.user)
        messages.success(request, _("Discarded: nothing of this dry run was stored."))
    return redirect("batch", pk)


@require_POST
@allowed(sees_films)
def cancel(request, pk):
    found = sending.batch_or_404(request.user, pk)
    demand(permissions.may_cancel_batch(request.user, found), MAY_NOT)
    with _saying_why_not(request):
        batches.cancel(found, request.user)
        sentence = _("Cancelled: its studies stay on the worklist, and the AI leaves them alone.")
        undoable(request, sentence, reverse("batch_retry", args=[pk]))
    return redirect("batch", pk)


@require_POST
@allowed(sees_films)
def retry(request, pk):
    """Try again what failed for one reason, or all that can succeed; a cancelled batch goes on."""
    found = sending.batch_or_404(request.user, pk)
    demand(permissions.may_retry_batch(request.user, found), MAY_NOT)
    code = request.POST.get("code", "").replace("\x00", "")[:40]
    with _saying_why_not(request):
        ids, jobs = batches.retry(found, request.user, code=code or None)
        dispatch.ring(ids)
        for job in jobs:
            dispatch.ring_for_job(job)
        messages.success(request, _(RETRIED if ids or jobs else NOTHING_LEFT))
    return redirect("batch", pk)
