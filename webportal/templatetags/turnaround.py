"""How turn-around and the simulation say differences, ratios and waits in minutes."""

from datetime import timedelta

from django import template

from screening import wording

register = template.Library()
MINUTE = timedelta(minutes=1)


@register.filter
def sooner(saved):
    """A shorter wait as `12 min sooner`, a longer one as `3 min later`; below a minute `the same`."""
    if abs(saved) < MINUTE:
        return "the same"
    return f"{wording.duration(abs(saved).total_seconds())} {'sooner' if saved > timedelta(0) else 'later'}"


@register.filter
def in_minutes(count):
    """So many minutes, as people say a wait."""
    return wording.duration(60 * count)


@register.filter
def times(ratio):
    """A multiple with its interval: `0.11 (0.10 to 0.12)`."""
    return f"{ratio.mean:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
