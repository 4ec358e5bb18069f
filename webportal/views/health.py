"""Whether the process lives, and whether FirstRead can do its work. Asked by machines: no login, and no secrets."""

from django.db import DatabaseError, connection
from django.http import JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from screening import keeping
from screening.models import Image, ModelVersion
from workers import dispatch, heartbeat


@require_safe
@never_cache
def healthz(request):
    """The process lives. Asks nobody else."""
    return JsonResponse({"alive": True})


@require_safe
@never_cache
def readyz(request):
    """200 where everything that screening needs is there, else 503 with a sentence for each thing that is missing."""
    missing = what_is_missing()
    answer = JsonResponse({"ready": not missing, "missing": missing}, status=503 if missing else 200)
    # Django would log each 503 as an error, and at a start this is asked twice a second.
    answer._has_been_logged = True
    return answer


def what_is_missing():
    """Sentences without a full stop, in the order in which to mend things."""
    try:
        connection.ensure_connection()
        missing = _of_the_ledger()
        any_film = Image.objects.values_list("original", flat=True).first()
        if any_film and not keeping.answers(any_film):
            missing.insert(0, _("the films' storage does not answer"))
    except DatabaseError:
        missing = [_("the database does not answer")]
    if not dispatch.answers():
        missing.insert(0, _("the broker does not answer"))
    return missing


def _of_the_ledger():
    active = ModelVersion.objects.filter(active=True).first()
    workers = list(heartbeat.alive("model"))
    missing = []
    if active is None:
        missing.append(_("no model is active: `manage.py bootstrap` registers the one that is shipped"))
    if not workers:
        missing.append(_("no screening worker was seen of late"))
    elif active and not any(active.card_sha256 in worker.loaded for worker in workers):
        missing.append(_("no screening worker has loaded the active model; the operations page says why"))
    if not heartbeat.alive("sweep").exists():
        missing.append(_("the sweep has not run of late: the operations worker or beat is away"))
    return missing
