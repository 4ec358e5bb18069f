"""How the administrators' pages say roles, limits and shares."""

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from screening import wording
from screening.models import Role

register = template.Library()


@register.filter
def role_label(role):
    return Role(role).label


@register.filter
def minutes(count):
    """A limit as people say it: `30 min`, `8 h`."""
    return wording.limit(60 * count)


@register.filter
def percent(share):
    return f"{number_format(f'{100 * share:.3g}')} %"


@register.filter
def percent2(share):
    """A share with two digits that count: `74 %`, `0.24 %`."""
    return f"{number_format(f'{100 * share:.2g}')} %" if share < 0.995 else "100 %"


@register.filter
def figure(value):
    return number_format(f"{value:.3f}")


@register.filter
def interval(pair):
    """`0.994 to 0.999`."""
    return _("%(low)s to %(high)s") % {"low": figure(pair[0]), "high": figure(pair[1])}


@register.filter
def interval_percent(pair):
    return _("%(low)s to %(high)s %%") % {
        name: number_format(f"{100 * bound:.3g}") for name, bound in zip(("low", "high"), pair, strict=True)
    }


@register.filter
def of(found, key):
    """What a dict holds under a key; 0 where it holds nothing."""
    return found.get(key, 0)
