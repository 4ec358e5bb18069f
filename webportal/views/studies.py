"""Studies: the list, one study's page, and what staff do with an unread one."""

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from screening import blinding, claims, handling, lifecycle, permissions, rereading, second_reads, wording, worklist
from screening.models import Draft, Event, Priority, Study
from webportal.ai_card import AiCard
from webportal.report_form import CHOICES, addresses
from webportal.views.access import allowed, demand, sees_films, study_or_404
from workers import dispatch

PAGE_SIZE = 50
# A picture's views, (value, words), as its form offers them.
VIEWS = [
    ("PA", "PA"),
    ("AP", "AP"),
    ("LATERAL", pgettext_lazy("view of a film", "lateral")),
    ("", pgettext_lazy("view of a film", "unknown")),
]
# (name in the address, words, statuses)
SHOWN = [
    ("all", pgettext_lazy("studies", "All"), [status for status in Study.Status if status != Study.Status.WITHDRAWN]),
    ("waiting", pgettext_lazy("studies", "Waiting"), Study.WAITING),
    ("reading", pgettext_lazy("studies", "Being read"), [Study.Status.READING]),
    ("read", pgettext_lazy("studies", "Read"), [Study.Status.READ]),
    ("withdrawn", pgettext_lazy("studies", "Withdrawn"), [Study.Status.WITHDRAWN]),
]


@require_http_methods(["GET", "POST"])
@allowed(sees_films)
def index(request):
    """The studies of my sites, newest first; a search comes by POST, so that no address holds a patient."""
    chosen = request.GET.get("show", "all")
    statuses = next((statuses for name, _, statuses in SHOWN if name == chosen), SHOWN[0][2])
    mine = permissions.visible_studies(request.user)
    words = request.POST.get("words", "").replace("\x00", "").strip()[:200]
    studies = _found(mine, words) if words else _before(mine.filter(status__in=statuses), mine, request.GET)
    newest = studies.select_related("site", "model_version").prefetch_related("images")
    found = list(newest.order_by("-received_at", "-pk")[: PAGE_SIZE + 1])
    context = {
        "studies": found[:PAGE_SIZE],
        "hidden": blinding.hidden_ids(found, request.user),
        "more": len(found) > PAGE_SIZE,
        "chips": [(name, label) for name, label, _ in SHOWN],
        "chosen": "" if words else chosen,
        "words": words,
        "first_page": "before" not in request.GET,
    }
    return render(request, "webportal/studies.html", context)


def _found(studies, words):
    begins = Q(accession__istartswith=words) | Q(patient_id__istartswith=words)
    return studies.filter(begins | Q(patient_name__icontains=words.replace(", ", "^")))


def _before(studies, mine, asked):
    """The studies older than the one the last page ended with."""
    if "before" not in asked:
        return studies
    try:
        last = get_object_or_404(mine, pk=forms.UUIDField().clean(asked["before"]))
    except forms.ValidationError:
        return studies
    return studies.filter(Q(received_at__lt=last.received_at) | Q(received_at=last.received_at, pk__lt=last.pk))


@require_GET
@allowed(sees_films)
def show(request, pk):
    """One study: film, AI, facts; the reading form for whoever holds the claim. The opening is an Event."""
    study = study_or_404(request.user, pk)
    # This page would end a blinded read.
    if second := rereading.held(request.user, study):
        return redirect("second_read", second.pk)
    Event.note(Event.Kind.VIEW, actor=request.user, study=study)
    if permissions.may_see_reads(request.user):
        _note_earlier(request.user, study)
    return page(request, study)


def _note_earlier(user, study):
    """The findings of earlier studies stand beside the film: who has seen them reads none of those a second time."""
    for past in _earlier(user, study):
        if past.status == Study.Status.READ:
            Event.note(Event.Kind.VIEW, actor=user, study=past, beside=str(study.pk))


def page(request, study, **over):
    """The study's page; `over` replaces parts of its context, such as the `draft` that its form shows."""
    user, now = request.user, worklist.database_now()
    may_read, mine = permissions.may_read(user, study), _is_read_by(user, study)
    card = AiCard(study, blinding.hides_ai(study, user))
    draft = Draft.objects.filter(study=study, reader=user).first() if may_read else None
    context = {
        "study": study,
        "images": list(study.images.all()),
        "ai": card,
        "now": now,
        "waited": now - study.received_at,
        "over": study.cap_at <= now and study.status in Study.ON_WORKLIST,
        # The due time follows from the score.
        "due": study.cap_at if card.hidden else worklist.due(study),
        "reading": mine,
        "views": VIEWS,
        "draft": draft,
        "seen": draft.saved_at.isoformat() if draft else "",
        "reads": _reads(study) if permissions.may_see_reads(user) else [],
        "can": abilities(user, study),
        "priorities": Priority.choices,
        "earlier": _earlier(user, study),
        "colleagues": claims.colleagues(study, user) if mine else [],
        "from_whom": claims.handed_over_by(study) if mine else None,
        "at": draft_addresses(study),
        **CHOICES,
        **over,
    }
    return render(request, "webportal/study.html", context)


def draft_addresses(study):
    """What `_draft.html` needs of a study's own page."""
    return addresses(study.pk, "study", "claim", "draft")


def _is_read_by(user, study):
    return study.status == Study.Status.READING and study.claimed_by_id == user.pk


def _reads(study):
    return study.reads.select_related("reader", "model_version", "overruling")


def abilities(user, study):
    """What this user may do with this study now: templates hide by it, and each view asks the same rule again."""
    may_read, status = permissions.may_read(user, study), study.status
    return {
        "claim": may_read and status in Study.WAITING,
        "addend": may_read and status == Study.Status.READ,
        "see_reads": permissions.may_see_reads(user),
        "change_priority": permissions.may_change_priority(user, study),
        "withdraw": permissions.may_withdraw(user, study),
        "restore": permissions.may_restore(user, study),
        "retry": status in Study.WAITING and AiCard(study, blinding.hides_ai(study, user)).failed,
        "end_claim": status == Study.Status.READING
        and study.claimed_by_id != user.pk
        and permissions.may_end_claim(user, study),
        "correct_view": permissions.may_correct_view(user, study),
    }


def _earlier(user, study):
    """The same patient's earlier studies at the same site, latest first."""
    if not study.patient_id:
        return []
    same = permissions.visible_studies(user).filter(site=study.site, patient_id=study.patient_id)
    return same.filter(received_at__lt=study.received_at).order_by("-received_at")[:3]


@require_GET
@allowed(sees_films)
def ai(request, pk):
    """The AI's answer for the page that polls; while it is as the page `seen` it, 204. To a reader it comes quietly.

    Shown to somebody who has not opened the study's page it is an Event, as that page is.
    """
    study = study_or_404(request.user, pk)
    card = AiCard(study, blinding.hides_ai(study, request.user))
    joined = request.GET.get("version", str(study.version)) != str(study.version)
    if card.mark == request.GET.get("seen") and not joined:
        return HttpResponse(status=204)
    if "quiet" in request.GET:
        return render(request, "webportal/_news.html", {"study": study, "ai": card, "joined": joined})
    if not card.hidden and not second_reads.has_looked(request.user, study):
        Event.note(Event.Kind.VIEW, actor=request.user, study=study)
    return answer(request, study)


def answer(request, study, sentence=""):
    """The AI's answer as a part of a page, with a `sentence` on why it is not shown yet."""
    user = request.user
    context = {"study": study, "ai": AiCard(study, blinding.hides_ai(study, user)), "can": abilities(user, study)}
    context |= {"reading": _is_read_by(user, study), "sentence": sentence, "swap": True}
    # What the reader's page has shown: an image that joined since is still news.
    context["version"] = request.POST.get("version") or request.GET.get("version")
    return render(request, "webportal/_ai.html", context)


def undoable(request, sentence, address, **fields):
    """A message with a button that takes the step back."""
    context = {"sentence": sentence, "address": address, "fields": fields}
    messages.success(request, render_to_string("webportal/_undo.html", context, request))


@require_POST
@allowed(sees_films)
def change_priority(request, pk):
    study = study_or_404(request.user, pk)
    demand(
        permissions.may_change_priority(request.user, study),
        gettext_noop("Only a study that waits has a class to change."),
    )
    was, form = study.get_priority_display(), PriorityForm(request.POST)
    try:
        if form.is_valid() and form.cleaned_data["priority"] != study.priority:
            before = study.priority
            handling.change_priority(study, form.cleaned_data["priority"], request.user)
            # Translators: the classes are "stat", "urgent" and "routine".
            words = _("Class changed from %(was)s to %(now)s.")
            words %= {"was": was, "now": Priority(study.priority).label}
            undoable(request, words, request.path, priority=before)
    except lifecycle.Overtaken:
        messages.warning(request, _(wording.OVERTAKEN))
    return redirect("study", pk)


class PriorityForm(forms.Form):
    priority = forms.TypedChoiceField(choices=Priority, coerce=int)


class WithdrawForm(forms.Form):
    reason = forms.CharField(max_length=200, strip=True)


@require_POST
@allowed(sees_films)
def withdraw(request, pk):
    study = study_or_404(request.user, pk)
    demand(
        permissions.may_withdraw(request.user, study),
        gettext_noop("A technologist withdraws a study, while nobody reads it."),
    )
    form = WithdrawForm(request.POST)
    if not form.is_valid():
        messages.warning(request, _("Say in a word why this study is withdrawn; nothing was changed."))
        return redirect("study", pk)
    try:
        handling.withdraw(study, request.user, form.cleaned_data["reason"])
        undoable(request, _("Withdrawn: the study is off the worklist."), reverse("restore", args=[pk]))
    except (lifecycle.Overtaken, lifecycle.ImpossibleMove):
        messages.warning(request, _(wording.OVERTAKEN))
    return redirect("study", pk)


@require_POST
@allowed(sees_films)
def restore(request, pk):
    study = study_or_404(request.user, pk)
    demand(
        permissions.may_restore(request.user, study),
        gettext_noop("A technologist restores a study that was withdrawn."),
    )
    try:
        dispatch.ring(handling.restore(study, request.user))
        messages.success(request, _("Restored: the study is back at its old place on the worklist."))
    except (lifecycle.Overtaken, lifecycle.ImpossibleMove):
        messages.warning(request, _(wording.OVERTAKEN))
    return redirect("study", pk)


@require_POST
@allowed(sees_films)
def retry(request, pk):
    """Try the AI again on a study whose screening failed."""
    study = study_or_404(request.user, pk)
    demand(abilities(request.user, study)["retry"], gettext_noop("The AI has nothing to try again on this study."))
    ids = handling.retry_study(study, request.user)
    dispatch.ring(ids)
    messages.success(request, _("The AI tries this study again.") if ids else _("Nothing was left to try again."))
    return redirect("study", pk)
