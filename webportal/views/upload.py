"""Sending films from a page, and how far a batch is. The page's script sends by the API; without it the form does."""

from django import forms
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from screening import keeping, permissions, reasons
from screening.answers import answers
from screening.models import Batch, Priority, Receipt, Site
from screening.progress import progress
from webportal import sending
from webportal.views.access import allowed, sees_films

PAGE_SIZE = 50
EARLIER = 5
# How a batch shows the outcomes: (value, words, class of the number).
OUTCOMES = [
    (Receipt.Outcome.ACCEPTED, "accepted", "ok"),
    (Receipt.Outcome.DUPLICATE, "already here", ""),
    (Receipt.Outcome.CONFLICT, "in conflict", "no"),
    (Receipt.Outcome.REJECTED, "rejected", "no"),
    (Receipt.Outcome.SKIPPED, "left out", ""),
]
FAILED = (Receipt.Outcome.REJECTED, Receipt.Outcome.CONFLICT)
# Reasons whose sentence a row shows though nothing failed.
TOLD = ("withdrawn", "joined_withdrawn")


class ManyFiles(forms.FileField):
    """A list of uploaded files, empty ones among them: intake answers for each."""

    widget = type("ManyFilesInput", (forms.ClearableFileInput,), {"allow_multiple_selected": True})

    def clean(self, data, initial=None):
        if not data:
            raise forms.ValidationError("Choose at least one file.")
        return data


class UploadForm(forms.Form):
    site = forms.ModelChoiceField(Site.objects.none(), to_field_name="code", empty_label=None)
    priority = forms.TypedChoiceField(choices=Priority.choices, coerce=lambda value: Priority(int(value)))
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
    sentence = ""
    if request.method == "POST" and form.is_valid():
        try:
            return _taken(request, form.cleaned_data)
        except keeping.StorageFull as full:
            sentence = full.sentence
    context = {
        "form": form,
        "sentence": sentence,
        # A demo site comes last: what is sent there counts as a synthetic phantom.
        "sites": permissions.sites_of(request.user).order_by("demo", "code"),
        "priorities": [(each.value, each.label) for each in reversed(Priority)],
        "earlier": sending.visible_batches(request.user).filter(uploaded_by=request.user)[:EARLIER],
    }
    return render(request, "webportal/upload.html", context, status=507 if sentence else 200)


def _taken(request, sent):
    files = sent.pop("file")
    batch = Batch.objects.create(uploaded_by=request.user, source=Batch.Source.PAGE, **sent)
    taken = [sending.take(request, batch, file) for file in files]
    if len(taken) == 1 and permissions.may_read(request.user) and getattr(taken[0], "study_id", None):
        return redirect("study", taken[0].study_id)
    return redirect("batch", batch.pk)


def _shown(receipt):
    """(words, class, whether the row shows the sentence) of one receipt."""
    words, style = next((words, style) for value, words, style in OUTCOMES if value == receipt.outcome)
    return words, style, receipt.outcome in FAILED or receipt.reason in TOLD


@require_GET
@allowed(sees_films)
def batch(request, pk):
    """A batch: its files by outcome and reason, how far the AI is, and its receipts. Polled, it answers a fragment."""
    found = sending.batch_or_404(request.user, pk)
    asked = {name: request.GET[name].replace("\x00", "") for name in ("outcome", "reason") if request.GET.get(name)}
    receipts = found.receipts.filter(**asked).select_related("study")
    page = Paginator(receipts, PAGE_SIZE).get_page(request.GET.get("page"))
    said = answers([receipt.image_id for receipt in page if receipt.image_id])
    so_far = progress(found)
    context = {
        "batch": found,
        "progress": so_far,
        "outcomes": [(value, words, style, so_far.outcomes[value]) for value, words, style in OUTCOMES],
        "failures": [each for each in so_far.reasons if each.outcome in FAILED],
        "asked": asked,
        "asked_sentence": reasons.sentence(asked["reason"]) if "reason" in asked else "",
        "page": page,
        "asked_words": next((words for value, words, _ in OUTCOMES if value == asked.get("outcome")), ""),
        "rows": [(receipt, said.get(receipt.image_id), *_shown(receipt)) for receipt in page],
    }
    template = "webportal/_batch.html" if request.htmx else "webportal/batch.html"
    return render(request, template, context)
