"""The sentences and labels that people read, each in one place.

Constants are in English: whoever shows one translates it (`gettext`), and CSV files keep it as it is.
"""

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext, pgettext

from screening.models import LATERAL_VIEWS, AgeGroup
from screening.said_elsewhere import said

RESEARCH_USE = gettext_noop(
    "Research use only. A prioritisation aid: it does not diagnose or rule out pneumonia; every study must be read."
)

# Inside a class the order costs somebody their place, and the model knows one disease: the worklist says so.
ORDER_LIMITS = gettext_noop(
    "Within a class less-likely films wait longer, up to the limit; the mean wait over all studies does not change; "
    "other emergencies are not detected."
)

OVERTAKEN = gettext_noop(
    "Somebody was faster: this study has changed meanwhile, and nothing was done. Look at it again."
)

# Why a film carries no score, or why its score does not count: code -> what a person reads.
AI_STATES = {
    "pending": gettext_noop("AI pending"),
    "screened": "",
    "partly_screened": gettext_noop("some images not screened yet"),
    "partly_failed": gettext_noop("some images not screened"),
    "partly_outside_domain": gettext_noop("some images look unlike the films the model learned from"),
    "partly_outside_age": gettext_noop("some images were scored by a model for other ages"),
    "outside_age": gettext_noop("outside the model's ages"),
    "outside_domain": gettext_noop("the film looks unlike the films the model learned from"),
    "lateral": gettext_noop("AI not applied: lateral view"),
    "no_content": gettext_noop("AI not applied: blank or saturated picture"),
    "multiframe": gettext_noop("AI not applied: several pictures in one file"),
    "undecodable": gettext_noop("AI not applied: stored, but this picture cannot be decoded yet"),
    "not_applicable": gettext_noop("AI not applied"),
    "failed": gettext_noop("AI failed"),
    "quarantined": gettext_noop("AI stopped on this film"),
    "cancelled": gettext_noop("AI cancelled"),
    "no_model": gettext_noop("no model is active"),
}
# The classes of a model with three.
SUBTYPES = {"bacterial": gettext_noop("bacterial"), "viral": gettext_noop("viral")}


def subtypes(said):
    """What a model with three classes adds, {"bacterial": p, "viral": p}, as a sentence; empty where it has two."""
    parts = ", ".join(f"{_(SUBTYPES.get(name, name))} {round(100 * p)}" for name, p in sorted((said or {}).items()))
    # Translators: %(shares)s is "bacterial 61, viral 22".
    return _("Research only, not validated: %(shares)s of 100") % {"shares": parts} if parts else ""


def ai_state(code):
    """The words for an AI state code; an unknown code is shown as it is, never hidden."""
    words = AI_STATES.get(code, code.replace("_", " "))
    return _(words) if words else ""


def gate(image):
    """Why the AI is not applied to an image, and which syntax or how many pictures it is; "" where it is applied."""
    words = ai_state(image.gate) if image.gate else ""
    return f"{words}: {said(image.gate_detail)}" if words and image.gate_detail else words


def view(code):
    """`PA`, `lateral`, `view unknown`; any other view as the film says it."""
    if code in LATERAL_VIEWS:
        return pgettext("view of a film", "lateral")
    return code if len(code) <= 3 and code else code.lower() or _("view unknown")


def age(study):
    """`4 y`, `18 mo`, `1 to 5 years, as sent` where the sender alone says it, or `age unknown`."""
    years = study.age_years
    if years is not None and years < 2:
        # Translators: an age, shortened: months.
        return _("%(months)s mo") % {"months": round(12 * years)}
    if years is not None:
        # Translators: an age, shortened: years.
        return _("%(years)s y") % {"years": int(years)}
    group = AgeGroup(study.age_group)
    # Translators: an age group, such as "1 to 5 years", as whoever sent the film has said it.
    return _("%(age_group)s, as sent") % {"age_group": group.label} if group else str(group.label)


FINDING_FIRST = gettext_noop("The AI's answer is shown once you have chosen a finding.")
SCREENINGS_CANCELLED = gettext_noop("The batch was cancelled before the AI had looked at these films.")


def not_unpacked(left, why=None):
    """What became of an archive's rest: `left` files of it, or all of it where it was not opened (None)."""
    # Translators: why an archive was not unpacked.
    why = why or _("cancelled")
    if left is None:
        return _("The archive was not unpacked: %(why)s.") % {"why": why}
    return ngettext(
        "%(left)s file of the archive was not unpacked: %(why)s.",
        "%(left)s files of the archive were not unpacked: %(why)s.",
        left,
    ) % {"left": thousands(left), "why": why}


def thousands(number):
    """A count as the reader's language groups it: `1,234`."""
    return formats.number_format(number, force_grouping=True)


def duration(seconds):
    """A wait as people say it: `50 s`, `6 min`, `8 h 04 m`, `3 d 2 h`."""
    seconds = max(0, int(seconds))
    if seconds < 60:
        return pgettext("duration", "%(seconds)s s") % {"seconds": seconds}
    minutes = seconds // 60
    if minutes < 60:
        return pgettext("duration", "%(minutes)s min") % {"minutes": minutes}
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return pgettext("duration", "%(hours)s h %(minutes)s m") % {"hours": hours, "minutes": f"{minutes:02d}"}
    return pgettext("duration", "%(days)s d %(hours)s h") % {"days": hours // 24, "hours": hours % 24}


def limit(seconds):
    """A limit as people say it: `8 h`, where a wait would be `8 h 00 m`."""
    hours, rest = divmod(int(seconds), 3600)
    if 0 < hours < 48 and rest < 60:
        return pgettext("duration", "%(hours)s h") % {"hours": hours}
    return duration(seconds)
