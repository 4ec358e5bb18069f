"""Second reads: the list, the blinded page, the third reader's page, and what they tell of readers and AI."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_POST

from screening import permissions, reading, rereading, second_reads, worklist
from screening.models import Draft, Event, SecondRead
from webportal.agreement import Agreement, Chosen
from webportal.report_form import CHOICES, DraftForm, SignForm, addresses
from webportal.views.access import allowed

ROWS = 50
CLAIM_FIRST = gettext_noop("This second read is not yours now. Take the next one, or one of the list.")


def open_or_404(user, pk):
    """A second read of the user's sites; one of another site does not exist."""
    sites = permissions.sites_of(user).values("pk")
    rows = SecondRead.objects.filter(study__site__in=sites).select_related("study__site", "first", "second")
    return get_object_or_404(rows, pk=pk)


@require_GET
@allowed(permissions.may_read)
def index(request):
    """What waits for this reader: no finding, no answer of the AI, and not why it is here."""
    waiting = second_reads.waiting(request.user)
    number = waiting.count()
    context = {
        "rows": waiting.prefetch_related("study__images")[:ROWS],
        "number": number,
        "more": max(0, number - ROWS),
        "others": second_reads.open_at(request.user).count() - number,
        "stuck": second_reads.stuck(request.user),
        "now": worklist.database_now(),
    }
    return render(request, "webportal/second_reads.html", context)


@require_POST
@allowed(permissions.may_read)
def next_one(request):
    taken = rereading.claim_next(request.user)
    if taken is None:
        messages.success(request, _("No second read waits for you now."))
        return redirect("second_reads")
    return redirect("second_read", taken.pk)


@require_POST
@allowed(permissions.may_read)
def claim(request, pk):
    second = open_or_404(request.user, pk)
    try:
        # "Claim again", after a claim was lost, brings what was written in the meantime.
        if "finding" in request.POST or "comment" in request.POST:
            _keep_draft(request, second)
        rereading.claim(second, request.user)
    except reading.ChangedElsewhere as changed:
        return _both(request, second, changed)
    except reading.NotYours as taken:
        messages.warning(request, taken.sentence)
        return redirect("second_reads")
    return redirect("second_read", pk)


@require_GET
@allowed(permissions.may_read)
def show(request, pk):
    """The page of whoever holds the claim. The opening is an Event, told from that of the study's own page."""
    second = open_or_404(request.user, pk)
    mine = rereading.held(request.user, second.study)
    if mine is None or mine.pk != second.pk:
        messages.warning(request, _(CLAIM_FIRST))
        return redirect("second_reads")
    Event.note(Event.Kind.VIEW, actor=request.user, study=second.study, second_read=str(second.pk))
    return _page(request, second)


def _page(request, second, **over):
    """The page; `over` replaces parts of its context, such as the `draft` that its form shows."""
    study, third = second.study, second.stage == SecondRead.Stage.ADJUDICATION
    draft = Draft.objects.filter(study=study, reader=request.user).first()
    context = {
        "second": second,
        "study": study,
        "images": _films(study, third),
        "third": third,
        "now": worklist.database_now(),
        "draft": draft,
        "seen": draft.saved_at.isoformat() if draft else "",
        "can": {},
        "at": _addresses(second),
        "reads": [reading.report(study), second.second] if third else [],
        **CHOICES,
        **over,
    }
    return render(request, "webportal/second_read.html", context)


def _addresses(second):
    return addresses(second.pk, "second_read", "second_claim", "second_draft")


def _films(study, third):
    films = list(study.images.all())
    for film in films:
        # That the AI was not applied to a picture is news of the AI too.
        film.gate = film.gate if third or not film.viewing else ""
    return films


@require_POST
@allowed(permissions.may_read)
def draft(request, pk):
    """Keep what is entered so far and renew the claim; the answer is the line under the form."""
    second, context = open_or_404(request.user, pk), {}
    try:
        context["draft"] = _keep_draft(request, second)
    except reading.ChangedElsewhere as changed:
        context["other"] = changed.draft
    try:
        second = rereading.renew(second, request.user)
        context["now"] = worklist.database_now()
    except reading.NotYours as lost:
        context["sentence"] = lost.sentence
    return render(request, "webportal/_draft.html", {"held": second, "at": _addresses(second), **context})


def _keep_draft(request, second):
    """Keep what came with the form; returns the Draft or None, raises reading.ChangedElsewhere."""
    # What arrives after the signature, or from somebody who may not read this, has nothing to say.
    if not second_reads.permitted(request.user).filter(pk=second.pk).exists():
        return None
    form = DraftForm(request.POST)
    return reading.save_draft(second.study, request.user, form.said, form.seen_at)


def _both(request, second, changed):
    """The page with what was sent in the form, and beside it the draft that another tab has stored."""
    messages.warning(request, changed.sentence)
    if rereading.held(request.user, second.study) is None:
        return redirect("second_reads")
    mine = Draft(study=second.study, reader=request.user, **DraftForm(request.POST).said)
    return _page(request, second, draft=mine, other=changed.draft, seen=request.POST.get("seen", ""))


@require_POST
@allowed(permissions.may_read)
def release(request, pk):
    second = open_or_404(request.user, pk)
    try:
        _keep_draft(request, second)
        rereading.release(second, request.user)
    except reading.ChangedElsewhere as changed:
        return _both(request, second, changed)
    except reading.NotYours as lost:
        messages.warning(request, lost.sentence)
    else:
        messages.success(request, _("Released: another reader may take it, and your draft is kept."))
    return redirect("second_reads")


@require_POST
@allowed(permissions.may_read)
def sign(request, pk):
    """Sign what the page showed, then claim the next one and open it."""
    second, form = open_or_404(request.user, pk), SignForm(request.POST)
    try:
        _keep_draft(request, second)
        if not form.is_valid():
            raise reading.NotYours(form.first_error)
        read = rereading.sign(second, request.user, version=form.cleaned_data["version"], **form.said)
    except reading.ChangedElsewhere as changed:
        return _both(request, second, changed)
    except reading.NotYours as refused:
        messages.warning(request, refused.sentence)
        return redirect("second_read", pk)
    return _onwards(request, read)


def _onwards(request, read):
    values = {"kind": read.get_kind_display().capitalize(), "finding": read.get_finding_display().lower()}
    following = rereading.claim_next(request.user)
    if following is None:
        # Translators: %(kind)s is "Second read" or "Adjudication", %(finding)s is "present", "absent" and so on.
        messages.success(request, _("%(kind)s signed: %(finding)s. No other one waits for you now.") % values)
        return redirect("second_reads")
    messages.success(request, _("%(kind)s signed: %(finding)s. This is the next one.") % values)
    return redirect("second_read", following.pk)


@require_GET
@allowed(permissions.may_see_reads)
def show_agreement(request):
    """How well readers agree with each other, and the AI with what they settled on."""
    sites = permissions.sites_of(request.user)
    chosen = Chosen(request.GET, sites)
    found = Agreement(chosen.reports(sites))
    return render(request, "webportal/agreement.html", {"chosen": chosen, "found": found})
