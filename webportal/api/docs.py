"""The API's description (OpenAPI) and the page that shows it, served from here: nothing comes from the internet."""

from csp.decorators import csp_update
from django.utils.decorators import method_decorator
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

# swagger-ui's page brings a <style> element of its own; scripts stay with 'self', here too.
STYLES_OF_ITS_OWN = {"style-src": ["'self'", "'unsafe-inline'"]}


class Schema(SpectacularAPIView):
    """The description itself; it speaks of no installation, so it needs no login."""


@method_decorator(csp_update(STYLES_OF_ITS_OWN), name="dispatch")
class Docs(SpectacularSwaggerSplitView):
    """The page to read it and try it."""

    url_name = "api_schema"
