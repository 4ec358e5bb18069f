"""The clinical lead's switch: whether the AI orders the worklist of a site, from this moment on."""

from django.db import transaction

from screening import standing
from screening.models import Event, Site


@transaction.atomic
def switch_ai_order(site, on, actor):
    """Switch the AI order of `site` on or off, and move its waiting studies; returns whether anything changed.

    Off, the list goes by class and arrival; scores stay where they are shown.
    """
    held = Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    if held.ai_order == on:
        return False
    held.ai_order = on
    held.save(update_fields=["ai_order"])
    Event.note(Event.Kind.AI_ORDER, actor=actor, site=held, on=on)
    standing.recompute_site(held)
    return True
