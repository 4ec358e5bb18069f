"""The words that the pages' scripts say, in one language."""

from django.conf import settings
from django.http import Http404
from django.utils import translation
from django.views.decorators.cache import cache_control
from django.views.i18n import JavaScriptCatalog


@cache_control(private=True, max_age=3600)
def catalogue(request, language):
    """The scripts' catalogue: `gettext`, `ngettext` and `interpolate` for whoever loads it. Needs no login."""
    if language not in dict(settings.LANGUAGES):
        raise Http404("no such language")
    with translation.override(language):
        return JavaScriptCatalog.as_view(packages=["webportal"])(request)
