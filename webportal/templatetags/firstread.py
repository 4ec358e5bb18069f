"""How pages say times, waits, ages and names."""

from datetime import UTC

from django import template
from django.utils.html import format_html

from screening import wording
from screening.models import Priority

register = template.Library()


@register.simple_tag
def clock(instant):
    """An instant as `14:06`; site.js says it in the reader's own zone and adds the day where it is another."""
    if instant is None:
        return ""
    utc = instant.astimezone(UTC)
    return format_html('<time datetime="{}" data-clock>{}</time>', utc.isoformat(), utc.strftime("%d %b %H:%M UTC"))


@register.filter
def wait(delta):
    """A timedelta as people say it: `6 min`."""
    return "" if delta is None else wording.duration(delta.total_seconds())


@register.filter
def limit(delta):
    """A limit as people say it: `8 h`, where a wait would be `8 h 00 m`."""
    return wait(delta).removesuffix(" 00 m")


@register.filter
def seconds_from(instant, now):
    """Whole seconds from `now` to `instant`, so that a page need not trust its own clock."""
    return int((instant - now).total_seconds())


@register.filter
def ai_words(code):
    return wording.ai_state(code)


@register.filter
def priority_label(value):
    return Priority(value).label


@register.filter
def age(years):
    """`3 y`, and months below two years, where a year is a long time."""
    if years is None:
        return ""
    return f"{round(12 * years)} mo" if years < 2 else f"{int(years)} y"


@register.filter
def person_name(name):
    """A DICOM name (DOE^JANE) as people write it; any other name as it is."""
    family, _, given = name.partition("^")
    given = given.replace("^", " ").strip()
    return f"{family.strip()}, {given}" if family.strip() and given else name.replace("^", " ").strip()


@register.filter
def film(study):
    """The views of a study's pictures as a row names them: `PA + lateral`, `PA x 2`, `view unknown`."""
    counted = {}
    for image in study.images.all():
        view = (image.view.lower() if len(image.view) > 3 else image.view) or "view unknown"
        counted[view] = counted.get(view, 0) + 1
    return " + ".join(view if count == 1 else f"{view} × {count}" for view, count in counted.items())
