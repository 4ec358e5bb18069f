"""What every page shows."""

from django.utils.translation import gettext as _

from screening import permissions, wording
from screening.models import ModelVersion


def product(request):
    """The foot's sentence, the active model, and what this user may do (the templates hide by the same rules)."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"research_use": _(wording.RESEARCH_USE)}
    return {
        "research_use": _(wording.RESEARCH_USE),
        "order_limits": _(wording.ORDER_LIMITS),
        "active_model": ModelVersion.objects.filter(active=True).first(),
        "may": permissions.Menu(user),
    }
