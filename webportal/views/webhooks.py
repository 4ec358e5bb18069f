"""A site's webhook, for administrators: its key, a trial, and what became of the last deliveries."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from screening import permissions
from screening.models import Event, Job, Site
from screening.said_elsewhere import said
from webportal.views.access import allowed
from workers import notifying

LAST = 20


@require_GET
@allowed(permissions.may_administer)
def show(request, pk):
    return _page(request, get_object_or_404(Site, pk=pk))


@require_POST
@allowed(permissions.may_administer)
@sensitive_variables("key")
def draw_key(request, pk):
    """A new key: shown in this answer and never again; the old one signs nothing any more."""
    site = get_object_or_404(Site, pk=pk)
    site.webhook_key = key = notifying.draw_key()
    site.save(update_fields=["webhook_key"])
    Event.note(Event.Kind.SITE, actor=request.user, site=site, webhook_key="drawn")
    return _page(request, site, key)


@require_POST
@allowed(permissions.may_administer)
def test(request, pk):
    """Post one signed trial now, and say what the other side answered."""
    site = get_object_or_404(Site, pk=pk)
    refused = notifying.try_webhook(site)
    if refused:
        messages.warning(request, said(refused))
    else:
        messages.success(request, _("The webhook took the trial."))
    return redirect("site_webhook", pk)


def _page(request, site, key=""):
    last = Job.objects.filter(kind=Job.Kind.WEBHOOK, notice__site=site).select_related("notice")
    context = {"site": site, "key": key, "jobs": last.order_by("-created_at")[:LAST]}
    answer = render(request, "webportal/site_webhook.html", context)
    answer["Cache-Control"] = "no-store"
    return answer
