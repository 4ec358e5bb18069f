"""How the administrators' pages say roles, limits and shares."""

from django import template

from screening import wording
from screening.models import Role

register = template.Library()


@register.filter
def role_label(role):
    return Role(role).label


@register.filter
def minutes(count):
    """A limit as people say it: `30 min`, `8 h`."""
    return wording.duration(60 * count).replace(" 00 m", "")


@register.filter
def percent(share):
    return f"{100 * share:.3g} %"


@register.filter
def percent2(share):
    """A share with two digits that count: `74 %`, `0.24 %`."""
    return f"{100 * share:.2g} %" if share < 0.995 else "100 %"


@register.filter
def figure(value):
    return f"{value:.3f}"


@register.filter
def interval(pair):
    """`0.994 to 0.999`."""
    return f"{pair[0]:.3f} to {pair[1]:.3f}"


@register.filter
def interval_percent(pair):
    return f"{100 * pair[0]:.3g} to {100 * pair[1]:.3g} %"


@register.filter
def of(found, key):
    """What a dict holds under a key; 0 where it holds nothing."""
    return found.get(key, 0)
