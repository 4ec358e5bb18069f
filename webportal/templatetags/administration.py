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
