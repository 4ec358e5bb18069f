"""Claiming, drafting, signing, releasing, adding: each calls one function of screening.reading."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from screening import permissions, reading, worklist
from screening.models import Finding, Study
from webportal.views.access import allowed, demand, study_or_404


class ReadForm(forms.Form):
    """The shape of a read: a finding and a comment."""

    finding = forms.ChoiceField(choices=Finding, error_messages={"required": "Choose a finding before you sign."})
    comment = forms.CharField(required=False, max_length=4000, strip=True)


class SignForm(ReadForm):
    version = forms.IntegerField(error_messages={"required": "Reload the page, look at every image, then sign."})


def _open(request, pk):
    study = study_or_404(request.user, pk)
    demand(permissions.may_read(request.user, study))
    return study


@require_POST
@allowed(permissions.may_read)
def claim(request, pk):
    study = _open(request, pk)
    try:
        reading.claim(study, request.user)
    except reading.NotYours as taken:
        messages.warning(request, taken.sentence)
        return redirect("worklist")
    return redirect("study", pk)


@require_POST
@allowed(permissions.may_read)
def release(request, pk):
    study = _open(request, pk)
    _keep_draft(request, study)
    try:
        reading.release(study, request.user)
    except reading.NotYours as lost:
        messages.warning(request, lost.sentence)
        return redirect("study", pk)
    messages.success(request, "Released: the study is back at its old place, and your draft is kept.")
    return redirect("worklist")


@require_POST
@allowed(permissions.may_read)
def draft(request, pk):
    """Keep what is entered so far and renew the claim; the answer is the line under the comment."""
    study = _open(request, pk)
    _keep_draft(request, study)
    try:
        reading.renew(study, request.user)
    except reading.NotYours as lost:
        return render(request, "webportal/_draft.html", {"study": study, "sentence": lost.sentence})
    return render(request, "webportal/_draft.html", {"study": study, "now": worklist.database_now()})


def _keep_draft(request, study):
    # A draft that arrives after the signature has nothing left to say.
    if study.status != Study.Status.READ:
        reading.save_draft(study, request.user, request.POST.get("finding", ""), request.POST.get("comment", ""))


@require_POST
@allowed(permissions.may_read)
def sign(request, pk):
    """Sign what the page showed, then claim the next study and open it."""
    study = _open(request, pk)
    form = SignForm(request.POST)
    try:
        if not form.is_valid():
            raise reading.NotYours(_first_error(form))
        read = reading.sign(study, request.user, **form.cleaned_data)
    except reading.NotYours as refused:
        _keep_draft(request, study)
        messages.warning(request, refused.sentence)
        return redirect("study", pk)
    return _onwards(request, study, read)


def _onwards(request, study, read):
    finding = read.get_finding_display().lower()
    signed = format_html('Signed: {} (<a href="{}">see it</a>).', finding, reverse("study", args=[study.pk]))
    following = reading.claim_next(worklist.waiting(permissions.visible_studies(request.user)), request.user)
    if following is None:
        messages.success(request, format_html("{} All read: no study is waiting now.", signed))
        return redirect("worklist")
    messages.success(request, format_html("{} This is the next study.", signed))
    return redirect("study", following.pk)


@require_POST
@allowed(permissions.may_read)
def addend(request, pk):
    """Add to a signed study; the first report stays as it was."""
    study = _open(request, pk)
    form = ReadForm(request.POST)
    try:
        if not form.is_valid():
            raise reading.NotYours(_first_error(form))
        reading.addend(study, request.user, **form.cleaned_data)
    except reading.NotYours as refused:
        messages.warning(request, refused.sentence)
    else:
        messages.success(request, "Your addendum is signed.")
    return redirect("study", pk)


def _first_error(form):
    return next(iter(form.errors.values()))[0]
