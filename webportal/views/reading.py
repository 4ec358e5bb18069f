"""Claiming, drafting, signing, releasing, adding: each calls one function of screening.reading."""

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from screening import overruling, permissions, reading, worklist
from screening.models import Draft, Overruling, Read, Study
from webportal.report_form import DraftForm, ReadForm, SignForm
from webportal.views import studies
from webportal.views.access import allowed, demand, study_or_404


def _open(request, pk):
    study = study_or_404(request.user, pk)
    demand(permissions.may_read(request.user, study))
    return study


@require_POST
@allowed(permissions.may_read)
def claim(request, pk):
    study = _open(request, pk)
    try:
        # "Claim again", after a claim was lost, brings what was written in the meantime.
        if "finding" in request.POST or "comment" in request.POST:
            keep_draft(request, study)
        reading.claim(study, request.user)
    except reading.ChangedElsewhere as changed:
        return both(request, study, changed)
    except reading.NotYours as taken:
        messages.warning(request, taken.sentence)
        return redirect("worklist")
    return redirect("study", pk)


@require_POST
@allowed(permissions.may_read)
def release(request, pk):
    study = _open(request, pk)
    try:
        keep_draft(request, study)
        reading.release(study, request.user)
    except reading.ChangedElsewhere as changed:
        return both(request, study, changed)
    except reading.NotYours as lost:
        messages.warning(request, lost.sentence)
        return redirect("study", pk)
    messages.success(request, _("Released: the study is back at its old place, and your draft is kept."))
    return redirect("worklist")


@require_POST
@allowed(permissions.may_read)
def draft(request, pk):
    """Keep what is entered so far and renew the claim; the answer is the line under the form."""
    study, context = _open(request, pk), {}
    try:
        context["draft"] = keep_draft(request, study)
    except reading.ChangedElsewhere as changed:
        context["other"] = changed.draft
    try:
        reading.renew(study, request.user)
        context["now"] = worklist.database_now()
    except reading.NotYours as lost:
        context["sentence"] = lost.sentence
    context |= {"held": study, "at": studies.draft_addresses(study)}
    return render(request, "webportal/_draft.html", context)


def keep_draft(request, study):
    """Keep what came with the form; returns the Draft or None, raises reading.ChangedElsewhere."""
    # A draft that arrives after the reader's own signature has nothing left to say.
    if study.status == Study.Status.READ and reading.report(study).reader_id == request.user.pk:
        return None
    form = DraftForm(request.POST)
    return reading.save_draft(study, request.user, form.said, form.seen_at)


def both(request, study, changed):
    """The study's page with what was sent in the form, and beside it the draft that another tab has stored."""
    messages.warning(request, changed.sentence)
    mine = Draft(study=study, reader=request.user, **DraftForm(request.POST).said)
    study.refresh_from_db()
    return studies.page(request, study, draft=mine, other=changed.draft, seen=request.POST.get("seen", ""))


@require_POST
@allowed(permissions.may_read)
def show_ai(request, pk):
    """Commit the finding, then show what the AI says: to a reader whose site wants the finding first."""
    study, sentence = _open(request, pk), ""
    try:
        keep_draft(request, study)
        reading.show_ai(study, request.user)
    except reading.NotYours as refused:
        sentence = refused.sentence
    return studies.answer(request, study, sentence=sentence)


@require_POST
@allowed(permissions.may_read)
def sign(request, pk):
    """Sign what the page showed, then claim the next study and open it."""
    study, form = _open(request, pk), SignForm(request.POST)
    try:
        keep_draft(request, study)
        if not form.is_valid():
            raise reading.NotYours(form.first_error)
        read = reading.sign(study, request.user, version=form.cleaned_data["version"], **form.said)
    except reading.ChangedElsewhere as changed:
        return both(request, study, changed)
    except reading.NotYours as refused:
        messages.warning(request, refused.sentence)
        return redirect("study", pk)
    return _onwards(request, read)


def _onwards(request, read):
    following = reading.claim_next(worklist.waiting(permissions.visible_studies(request.user)), request.user)
    said = {"read": read, "following": following, "reasons": Overruling.Reason.choices}
    messages.success(request, render_to_string("webportal/_onwards.html", said, request))
    return redirect("study", following.pk) if following else redirect("worklist")


@require_POST
@allowed(permissions.may_read)
def addend(request, pk):
    """Add to a signed study; the first report stays as it was."""
    study, form = _open(request, pk), ReadForm(request.POST)
    if not form.is_valid():
        messages.warning(request, form.first_error)
        mine = Draft(study=study, reader=request.user, **form.said)
        return studies.page(request, study, draft=mine, adding=True)
    try:
        reading.addend(study, request.user, **form.said)
        messages.success(request, _("Your addendum is signed."))
    except reading.NotYours as refused:
        messages.warning(request, refused.sentence)
    return redirect("study", pk)


class WhyForm(forms.Form):
    reason = forms.ChoiceField(choices=Overruling.Reason)


@require_POST
@allowed(permissions.may_read)
def say_why(request, pk):
    """Why the reader overruled the AI: after signing, once, and only whoever signed."""
    reads = Read.objects.filter(reader=request.user, study__in=permissions.visible_studies(request.user))
    read, form = get_object_or_404(reads, pk=pk, discordant=True), WhyForm(request.POST)
    if form.is_valid():
        overruling.note(read, form.cleaned_data["reason"])
        sentence = _("Noted, thank you: it helps to find out where the AI goes wrong.")
    else:
        sentence = _("Choose one of the reasons; nothing was noted.")
    if request.htmx:
        return render(request, "webportal/_said_why.html", {"sentence": sentence})
    messages.success(request, sentence)
    return redirect("study", read.study_id)
