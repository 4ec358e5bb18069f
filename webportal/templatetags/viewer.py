"""What the viewer says of earlier studies."""

from django import template

from screening.models import Read

register = template.Library()


@register.filter
def signed_finding(study):
    """The finding that stands for a study, in words; empty while none is signed. A second read alone changes none."""
    read = study.reads.exclude(kind=Read.Kind.SECOND).last()
    return read.get_finding_display().lower() if read else ""


@register.filter
def taken(study):
    """When a study's films were taken, as far as they say so; else when they came."""
    return study.taken_at or study.received_at
