"""How pages say times, waits, ages and names."""

from datetime import UTC

from django import template
from django.utils import formats
from django.utils.html import format_html
from django.utils.translation import pgettext

from screening import said_elsewhere, wording
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
    return "" if delta is None else wording.limit(delta.total_seconds())


@register.filter
def seconds_from(instant, now):
    """Whole seconds from `now` to `instant`, so that a page need not trust its own clock."""
    return int((instant - now).total_seconds())


@register.filter
def ai_words(code):
    return wording.ai_state(code)


@register.filter
def said(sentence):
    """A sentence that was kept in English, in the language of the page."""
    return said_elsewhere.said(sentence)


@register.filter
def priority_code(value):
    """A class as style sheets and the API call it, in every language: `stat`."""
    return Priority(value).code


@register.filter
def person_name(name):
    """A DICOM name (DOE^JANE) as people write it; any other name as it is.

    A name may come in up to three groups, in Latin letters, as it is written, and as it sounds (PS3.5, 6.2.1.2):
    `Yamada^Tarou=山田^太郎` is shown as `Yamada, Tarou (山田 太郎)`.
    """
    latin, *others = [group.strip("^ ") for group in name.split("=") if group.strip("^ ")] or [""]
    family, _, given = latin.partition("^")
    given = given.replace("^", " ").strip()
    shown = f"{family.strip()}, {given}" if family.strip() and given else latin.replace("^", " ").strip()
    return f"{shown} ({others[0].replace('^', ' ')})" if others else shown


@register.filter
def study_age(study):
    """`4 y` as the films say it, `1 to 5 years, as sent` as their sender said it, or `age unknown`."""
    return wording.age(study)


@register.filter
def view_words(image):
    return wording.view(image.view)


@register.filter
def gate_words(image):
    """Why the AI is not applied to a picture, with its detail; empty where it is."""
    return wording.gate(image)


@register.filter
def film(study):
    """The views of a study's pictures as a row names them: `PA + lateral`, `PA x 2`, `view unknown`."""
    counted = {}
    for image in study.images.all():
        view = wording.view(image.view)
        counted[view] = counted.get(view, 0) + 1
    return " + ".join(view if count == 1 else f"{view} × {count}" for view, count in counted.items())


@register.filter
def shown(images):
    """The first picture that there is something to see of, or None; `images` are those of a study, prefetched."""
    return next((image for image in images.all() if image.model_input), None)


@register.filter
def thousands(number):
    """A count as the page's language writes it: `1,234`."""
    return formats.number_format(number, force_grouping=True)


@register.filter
def up_to(number, most):
    """A count that ends at `most`: `1,000+` where there are more."""
    return f"{thousands(most)}+" if number > most else thousands(number)


@register.filter
def seconds(count):
    """So many seconds, as people say a wait."""
    return wording.duration(count)


@register.filter
def failed_part(failure):
    """What it was that did not go well."""
    words = {
        "file": pgettext("files", "not taken"),
        "archive": pgettext("archives", "not unpacked"),
        "confirmation": pgettext("files", "not taken yet"),
        "screening": pgettext("films", "not screened"),
    }
    return words.get(failure.where, pgettext("films", "stored"))
