"""What is answered where a view, or what runs around all views, could not."""

import logging
import sys

from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.defaults import server_error

from screening import away, keeping
from webportal.api.errors import AWAY

log = logging.getLogger(__name__)
RETRY_S = 5


def fault(request):
    """Django's handler500. While database or storage are away the answer is 503 and says so: that passes.

    Not a middleware: each of Django's is shielded from the errors of those within.
    """
    error = sys.exc_info()[1]
    if isinstance(error, away.DATABASE_AWAY):
        sentence = _(AWAY)
        log.warning(away.said(error))
    elif isinstance(error, keeping.StorageAway):
        sentence = _(error.sentence)
    else:
        return server_error(request)
    if request.path.startswith("/api/"):
        answer = JsonResponse({"error": {"code": "unavailable", "sentence": sentence}}, status=503)
    else:
        answer = HttpResponse(render_to_string("503.html", {"sentence": sentence}), status=503)
    answer["Retry-After"] = str(RETRY_S)
    # Django would log each with its traceback, for every request of everybody.
    answer._has_been_logged = True
    return answer
