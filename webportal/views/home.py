"""The first page: where the day's work is, by role."""

from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from screening import permissions
from webportal.views.access import allowed, anyone


@require_safe
@allowed(anyone)
def home(request):
    """To the worklist, the studies, the results or the operations; whoever has no role yet is told so."""
    may = permissions.Menu(request.user)
    if may.worklist:
        return redirect("worklist")
    if may.studies:
        return redirect("studies")
    if may.results:
        return redirect("results")
    if may.administer:
        return redirect("operations")
    return render(request, "webportal/no_role.html")
