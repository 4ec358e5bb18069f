"""Operations, for administrators: do the workers live, how deep is the queue, what failed, and trying it again.

Nothing here is a patient's: studies are named by their ids.
"""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from screening import claims, permissions
from screening.models import Job, ModelVersion, Study
from webportal.views.access import allowed
from webportal.views.health import what_is_missing
from workers import overview


@require_GET
@allowed(permissions.may_administer)
def show(request):
    """The page, and for htmx, which asks every few seconds, the part of it that changes."""
    depths = overview.depths()
    context = {
        "missing": what_is_missing(),
        "active": ModelVersion.objects.filter(active=True).first(),
        "workers": overview.workers(),
        "watchers": overview.workers("watch"),
        "depths": depths,
        "pending": sum(depth.pending for depth in depths),
        "running": sum(depth.running for depth in depths),
        "oldest": min((depth.oldest for depth in depths if depth.oldest), default=None),
        "waiting": overview.waiting(),
        "failures": overview.failures(),
        "failed_lately": overview.failed_lately(),
        "claims": claims.running(),
        "jobs": overview.jobs(),
        "last_sweep": overview.last_sweep(),
        "flower_url": settings.FLOWER_URL,
        "flower_behind_portal": settings.FLOWER_URL.startswith("/"),
    }
    return render(request, "webportal/_operations.html" if request.htmx else "webportal/operations.html", context)


class RetryForm(forms.Form):
    reason = forms.CharField(max_length=40)
    study = forms.UUIDField(required=False)


@require_POST
@allowed(permissions.may_administer)
def retry(request):
    """Try again what failed for a reason: all of it, or one study's."""
    form = RetryForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    study = form.cleaned_data["study"]
    study = get_object_or_404(Study, pk=study) if study else None
    return _tried(request, overview.retry(form.cleaned_data["reason"], request.user, study))


@require_POST
@allowed(permissions.may_administer)
def retry_jobs(request, kind):
    """Try the failed jobs of a kind again."""
    if kind not in Job.Kind:
        return HttpResponse(status=404)
    return _tried(request, overview.retry_jobs(kind, request.user))


def _tried(request, count):
    if count:
        sentence = ngettext(
            "%(count)s put back in the queue; a worker tries again at once.",
            "%(count)s put back in the queue; a worker tries again at once.",
            count,
        )
        messages.success(request, sentence % {"count": count})
    else:
        messages.warning(request, _("Nothing was left to try again: somebody was faster, or it has been done."))
    return redirect("operations")


@require_safe
@never_cache
def flower_auth(request):
    """For the proxy in front of Flower: 204 for an administrator, 401 or 403 for anybody else."""
    if not request.user.is_authenticated:
        return HttpResponse(status=401)
    return HttpResponse(status=204 if permissions.may_administer(request.user) else 403)
