"""How turn-around and the simulation say differences, ratios and waits in minutes."""

from datetime import timedelta

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from screening import wording

register = template.Library()
MINUTE = timedelta(minutes=1)


@register.filter
def sooner(saved):
    """A shorter wait as `12 min sooner`, a longer one as `3 min later`; below a minute `the same`."""
    if abs(saved) < MINUTE:
        return _("the same")
    # Translators: %(wait)s is a duration, such as "12 min".
    words = _("%(wait)s sooner") if saved > timedelta(0) else _("%(wait)s later")
    return words % {"wait": wording.duration(abs(saved).total_seconds())}


@register.filter
def in_minutes(count):
    """So many minutes, as people say a wait."""
    return wording.duration(60 * count)


@register.filter
def times(ratio):
    """A multiple with its interval: `0.11 (0.10 to 0.12)`."""
    values = {name: number_format(f"{getattr(ratio, name):.2f}") for name in ("mean", "low", "high")}
    return _("%(mean)s (%(low)s to %(high)s)") % values
