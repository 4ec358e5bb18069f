"""Model versions: administrators promote, roll back and screen again; whoever is logged in reads the card."""

from functools import partial

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ml.data import DataError
from screening import blinding, comparing, permissions, rescreening
from screening.models import Band, Finding, Image, ModelVersion, Prediction, Site, Study
from webportal.model_card import ModelCard
from webportal.views.access import allowed, anyone
from workers import promoting, versions

PAGE_SIZE = 50
# A report is a document of its own, made elsewhere: it may bring styles and pictures, and nothing that acts.
OF_A_REPORT = {
    "default-src": ["'none'"],
    "form-action": ["'none'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["data:"],
    "sandbox": [],
}


@require_GET
@allowed(permissions.may_administer)
def index(request):
    """All versions: the active one, those in shadow, those that were active, the others."""
    found = list(ModelVersion.objects.order_by("-active", "-shadow", "-activated_at", "-created_at"))
    waiting = Image.objects.filter(study__status__in=Study.ON_WORKLIST, gate="")
    scored = Prediction.objects.filter(image__in=waiting).order_by().values_list("model_version")
    context = {
        "cards": [ModelCard(version) for version in found],
        "waiting": waiting.count(),
        "scored": dict(scored.annotate(films=Count("pk"))),
        "before": promoting.before(),
        "active": next((version for version in found if version.active), None),
    }
    return render(request, "webportal/models.html", context)


@require_GET
@allowed(anyone)
def show(request, pk):
    """The card of one version; for administrators with its acts."""
    version = get_object_or_404(ModelVersion, pk=pk)
    context = {"version": version}
    if permissions.may_administer(request.user):
        done = rescreening.progress(version)
        context |= {"progress": done, "given": sum(done.values()), "form": RescreenForm()}
        if request.htmx:  # which asks how far it is, every few seconds
            return render(request, "webportal/_model_progress.html", context)
    context |= {"model": ModelCard(version), "bands": Band.labels, "others": _comparable(version, request.user)}
    return render(request, "webportal/model.html", context)


def _comparable(version, user):
    """The versions that this user may ask `changed` about, beside this one."""
    administers = permissions.may_administer(user)
    if not (administers or (permissions.may_see_reads(user) and _is_shown(version))):
        return []
    others = ModelVersion.objects.exclude(pk=version.pk).order_by("created_at")
    others = others.filter(Exists(Prediction.objects.filter(model_version=OuterRef("pk"))))
    return [other for other in others if administers or _is_shown(other)]


@require_GET
@allowed(anyone)
def report(request, pk):
    """The report that came with the card, as a document of its own."""
    version = get_object_or_404(ModelVersion, pk=pk)
    try:
        path = versions.card_of(version).report_path
        answer = FileResponse(path.open("rb"), content_type="text/html; charset=utf-8")
    except (DataError, OSError):
        return render(request, "webportal/model_report.html", {"version": version}, status=404)
    answer._csp_config = OF_A_REPORT
    return answer


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_administer)
def promote(request, pk):
    """What a promotion would move, and the promotion."""
    version = get_object_or_404(ModelVersion, pk=pk)
    if request.method == "POST":
        promote = partial(promoting.promote, was=request.POST.get("was"))
        sentence = _("%(model)s orders the worklist from now on.") % {"model": version}
        return _act(request, promote, version, sentence=sentence)
    active = ModelVersion.objects.filter(active=True).first()
    context = {"version": version, "active": active, "preview": comparing.preview(version, active)}
    try:
        promoting.fit(version)
    except versions.Refused as refused:
        context["refused"] = refused.sentence
    context["sentence"] = context["preview"].sentence(f"{version.name} {version.version}")
    return render(request, "webportal/model_promote.html", context)


def _act(request, act, *arguments, sentence, to="models", pk=None):
    """Do it and say so, or say why it was refused."""
    try:
        act(*arguments, actor=request.user)
        messages.success(request, sentence)
    except versions.Refused as refused:
        messages.warning(request, refused.sentence)
    return redirect(to, pk) if pk else redirect(to)


@require_POST
@allowed(permissions.may_administer)
def roll_back(request):
    """The version that was active before is active again."""
    roll_back = partial(promoting.roll_back, to=request.POST.get("to"))
    return _act(request, roll_back, sentence=_("Rolled back: the model that was active before orders again."))


@require_POST
@allowed(permissions.may_administer)
def shadow(request, pk):
    """Into shadow (`on`=1): it scores what arrives, and nobody is shown; or out of it."""
    version, on = get_object_or_404(ModelVersion, pk=pk), request.POST.get("on") == "1"
    sentence = (
        _("In shadow: it scores what waits and what arrives, and nobody is shown.") if on else _("Out of shadow.")
    )
    return _act(request, promoting.set_shadow, version, on, sentence=sentence, to="model", pk=pk)


class RescreenForm(forms.Form):
    """Which studies are to be screened again."""

    site = forms.ModelChoiceField(
        Site.objects.all(),
        to_field_name="code",
        required=False,
        empty_label=gettext_lazy("every site"),
        label=gettext_lazy("Studies of"),
    )
    status = forms.ChoiceField(
        choices=[(name, words) for name, words, _statuses in rescreening.CHOICES], label=gettext_lazy("that are")
    )
    since = forms.DateField(
        required=False,
        label=gettext_lazy("received since"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_administer)
def rescreen(request, pk):
    """How much a re-screening is, and the re-screening."""
    version = get_object_or_404(ModelVersion, pk=pk)
    form = RescreenForm(request.POST if request.method == "POST" else request.GET if request.GET else None)
    context = {"version": version, "form": form, "may_start": version.active or version.shadow}
    if form.is_valid():
        wish = rescreening.Wish(version, **form.cleaned_data)
        if request.method == "POST":
            sentence = _("In the queue: this page shows how far it is.")
            return _act(request, promoting.rescreen, wish, sentence=sentence, to="model", pk=pk)
        context["amount"] = rescreening.count(wish)
    return render(request, "webportal/model_rescreen.html", context)


class ChangedForm(forms.Form):
    """Two versions, by id."""

    a = forms.ModelChoiceField(ModelVersion.objects.all())
    b = forms.ModelChoiceField(ModelVersion.objects.all())


def _may_see_changes(user):
    return permissions.may_administer(user) or permissions.may_see_reads(user)


@require_GET
@allowed(_may_see_changes)
def changed(request):
    """The studies whose band differs between two versions: rows for who may see their reads, counts for all here.

    A version that was never active is shown to administrators alone, who see no rows.
    """
    user, form = request.user, ChangedForm(request.GET)
    if not form.is_valid():
        raise Http404("two versions are needed")
    a, b = form.cleaned_data["a"], form.cleaned_data["b"]
    whole_house = permissions.may_administer(user)
    sees_rows = permissions.may_see_reads(user) and all(_is_shown(each) for each in (a, b))
    if not (whole_house or sees_rows):
        raise Http404("a version in shadow")
    mine = permissions.visible_studies(user).exclude(pk__in=blinding.hidden(user).values("pk"))
    counted = comparing.changed(a, b, Study.objects.all() if whole_house else mine)
    context = {"a": a, "b": b, "sees_rows": sees_rows, "counts": _counted(counted), "total": counted.count()}
    if sees_rows:
        page = Paginator(comparing.changed(a, b, mine), PAGE_SIZE).get_page(request.GET.get("page"))
        context |= {"page": page, "rows": comparing.explained(page, a, b), "findings": dict(Finding.choices)}
    return render(request, "webportal/model_changed.html", context)


def _is_shown(version):
    return version.active or (version.activated_at is not None and not version.shadow)


def _counted(rows):
    """[(band before, band after, studies)], the most frequent first."""
    found = {}
    for before, after in rows.values_list("before", "after"):
        found[before, after] = found.get((before, after), 0) + 1
    pairs = sorted(found.items(), key=lambda each: -each[1])
    return [(comparing.RANKS[before], comparing.RANKS[after], count) for (before, after), count in pairs]
