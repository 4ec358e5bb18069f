"""Sending films from a page. Its script sends by the API; for a browser without one the form does."""

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods

from screening import keeping, manifest, permissions, quotas, sandbox
from screening.models import AgeGroup, Batch, Priority, Site
from screening.said_elsewhere import said
from webportal import sending
from webportal.views.access import allowed

EARLIER = 5
NO_DECODER = gettext_noop("FirstRead cannot open films just now. Tell an administrator, and send these again later.")
# What stops a form of files: (sentence or None for the exception's own, status).
REFUSALS = {
    keeping.StorageFull: (None, 507),
    quotas.Exceeded: (None, 429),
    sandbox.CannotStart: (NO_DECODER, 503),
    keeping.StorageAway: (None, 503),
}
# What the page's script puts an id in place of.
NO_ID = "00000000-0000-0000-0000-000000000000"


class ManyFiles(forms.FileField):
    """A list of uploaded files, empty ones among them: intake answers for each."""

    widget = type("ManyFilesInput", (forms.ClearableFileInput,), {"allow_multiple_selected": True})

    def clean(self, data, initial=None):
        if not data:
            raise forms.ValidationError(_("Choose at least one file."))
        return data


class UploadForm(forms.Form):
    site = forms.ModelChoiceField(Site.objects.none(), to_field_name="code", empty_label=None)
    priority = forms.TypedChoiceField(choices=Priority.choices, coerce=lambda value: Priority(int(value)))
    age_group = forms.ChoiceField(choices=AgeGroup.choices, required=False)
    dry_run = forms.BooleanField(required=False)
    name = forms.CharField(max_length=120, required=False)
    file = ManyFiles()

    def __init__(self, user, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = permissions.sites_of(user)


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_upload)
def upload(request):
    """The drop zone; and, for a browser without script, the form's own way in."""
    form = UploadForm(request.user, request.POST or None, request.FILES or None)
    sentence, status = "", 200
    if request.method == "POST" and form.is_valid():
        try:
            return _taken(request, form.cleaned_data)
        except tuple(REFUSALS) as refused:
            sentence, status = _refusal(refused)
    context = {
        "form": form,
        "sentence": sentence,
        # A demo site comes last: what is sent there counts as a synthetic phantom.
        "sites": permissions.sites_of(request.user).order_by("demo", "code"),
        "priorities": [(each.value, each.label) for each in reversed(Priority)],
        "ages": AgeGroup.choices,
        "no_id": NO_ID,
        "earlier": _earlier(request.user),
    }
    return render(request, "webportal/upload.html", context, status=status)


def _refusal(error):
    """(sentence, status)."""
    sentence, status = next(both for kind, both in REFUSALS.items() if isinstance(error, kind))
    return said(sentence or error.sentence), status


def _earlier(user):
    """The user's latest batches, each with how many files it has."""
    mine = sending.visible_batches(user).filter(uploaded_by=user).select_related("site")
    return mine.annotate(files=Count("receipts"))[:EARLIER]


def _taken(request, sent):
    """The answer to a form of files. Raises what stops all of them where not even the first was taken."""
    files, dry_run = sent.pop("file"), sent.pop("dry_run")
    state = Batch.State.TRIAL if dry_run else Batch.State.OPEN
    batch = Batch.objects.create(uploaded_by=request.user, source=Batch.Source.PAGE, state=state, **sent)
    taken = []
    try:
        for file in _manifests_first(request, batch, files):
            taken.append(sending.take(request, batch, file))
    except tuple(REFUSALS) as refused:
        if not taken:
            batch.delete()
            raise
        why, _status = _refusal(refused)
        # Translators: %(why)s is a sentence that says why the others were not.
        sentence = _("%(taken)s of %(files)s files were sent. %(why)s")
        messages.warning(request, sentence % {"taken": len(taken), "files": len(files), "why": why})
    if len(taken) == 1 and permissions.may_read(request.user) and getattr(taken[0], "study_id", None):
        return redirect("study", taken[0].study_id)
    return redirect("batch", batch.pk)


def _manifests_first(request, batch, files):
    """The films among the files, once the lists beside them are read and their faults told."""
    for file in files:
        if not manifest.is_manifest(file.name):
            continue
        try:
            errors = manifest.read(batch, file.read(manifest.MAX_B + 1)).errors
        except manifest.Unreadable as unreadable:
            errors = [unreadable]
        for error in errors[:10]:
            messages.warning(request, f"{file.name}: {said(error)}")
    return [file for file in files if not manifest.is_manifest(file.name)]
