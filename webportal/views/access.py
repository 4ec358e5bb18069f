"""The one door of the pages: log in first, then ask a rule of screening.permissions."""

from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from screening import permissions

REFUSED = gettext_noop("Your roles do not allow this page.")


def allowed(rule):
    """Let a view run for whom `rule(user)` holds; others log in first, or get the 403 page with a sentence."""

    def wrap(view):
        @wraps(view)
        def guarded(request, *args, **kwargs):
            if not request.user.is_authenticated:
                return _to_login(request)
            if not rule(request.user):
                raise PermissionDenied(_(REFUSED))
            return view(request, *args, **kwargs)

        return guarded

    return wrap


def anyone(user):
    """The rule of pages that need a login and no role."""
    return True


def _to_login(request):
    # A fragment cannot be a login page, and to leave the page would lose what stands in its fields: `site.js` says it.
    return HttpResponse(status=401) if request.htmx else redirect_to_login(request.get_full_path())


def study_or_404(user, pk):
    """A study that `user` may open; one of another site does not exist."""
    studies = permissions.visible_studies(user).select_related("site", "model_version", "claimed_by", "batch")
    return get_object_or_404(studies, pk=pk)


def demand(holds, sentence=REFUSED):
    """Raise PermissionDenied, with the (untranslated) sentence that the 403 page shows, unless the rule held."""
    if not holds:
        raise PermissionDenied(_(sentence))


def sees_films(user):
    """The rule of the pages that show studies: whoever sees films somewhere; which ones, `study_or_404` says."""
    return permissions.Menu(user).studies
