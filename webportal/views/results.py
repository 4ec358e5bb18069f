"""Results: what was signed at a site, by day; to look at, to print, and as CSV."""

from zoneinfo import ZoneInfo

from django import forms
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from screening import permissions, results, worklist
from webportal.views.access import allowed


class DaysForm(forms.Form):
    """The first and the last day, both included."""

    first = forms.DateField(required=False)
    last = forms.DateField(required=False)


@require_GET
@allowed(permissions.may_see_results)
@never_cache
def show(request):
    """The list of a site's days; with `print` in the address as a sheet of paper."""
    sites = list(permissions.sites_of(request.user))
    site = _site(request, sites)
    context = {"sites": sites, "site": site, "most": results.DAYS}
    if site is None:
        return render(request, "webportal/results.html", context)
    try:
        days = _days(request, site)
    except results.WrongDays as wrong:
        context |= {"sentence": wrong.sentence, "first": request.GET.get("first"), "last": request.GET.get("last")}
        return render(request, "webportal/results.html", context, status=400)
    found, on_paper = results.signed(days), "print" in request.GET
    results.note(days, request.user, "print" if on_paper else "list")
    rows, total = results.of(found[: results.SHOWN]), found.count()
    context |= {"days": days, "first": days.first.isoformat(), "last": days.last.isoformat(), "paper": on_paper}
    context |= {"rows": rows, "total": total, "urgent": sum(bool(row.urgent) for row in rows)}
    context |= {"now": worklist.database_now(), "zone": ZoneInfo(site.time_zone)}
    return render(request, "webportal/results.html", context)


@require_GET
@allowed(permissions.may_see_results)
@never_cache
def as_csv(request):
    """The same list as CSV, whole; a cell that a spreadsheet would take for a formula is quoted."""
    site = _site(request, list(permissions.sites_of(request.user)))
    if site is None:
        raise Http404("no site")
    try:
        days = _days(request, site)
    except results.WrongDays as wrong:
        return HttpResponse(wrong.sentence, status=400, content_type="text/plain; charset=utf-8")
    results.note(days, request.user, "csv")
    answer = StreamingHttpResponse(results.results_csv(days), content_type="text/csv; charset=utf-8")
    name = f"results-{site.code}-{days.first}-{days.last}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _site(request, sites):
    """The site asked for by its code, else the first of the user's, None without any. One of others is a 404."""
    code = request.GET.get("site")
    if not code:
        return sites[0] if sites else None
    found = next((site for site in sites if site.code == code), None)
    if found is None:
        raise Http404("a site that does not exist for this user")
    return found


def _days(request, site):
    """The days asked for, today at the site by default. Raises results.WrongDays."""
    form = DaysForm(request.GET)
    if not form.is_valid():
        raise results.WrongDays(_("Say the days as dates, such as 2026-03-01."))
    first = form.cleaned_data["first"] or form.cleaned_data["last"] or results.today(site)
    return results.Days(site, first, form.cleaned_data["last"] or first)
