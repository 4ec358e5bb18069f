"""The sentences and labels that people read, each in one place."""

from screening.models import LATERAL_VIEWS, AgeGroup

RESEARCH_USE = (
    "Research use only. A prioritisation aid: it does not diagnose or rule out pneumonia; every study must be read."
)

# Inside a class the order costs somebody their place, and the model knows one disease: the worklist says so.
ORDER_LIMITS = (
    "Within a class less-likely films wait longer, up to the limit; the mean wait over all studies does not change; "
    "other emergencies are not detected."
)

OVERTAKEN = "Somebody was faster: this study has changed meanwhile, and nothing was done. Look at it again."

# Why a film carries no score, or why its score does not count: code -> what a person reads.
AI_STATES = {
    "pending": "AI pending",
    "screened": "",
    "partly_screened": "some images not screened yet",
    "partly_failed": "some images not screened",
    "partly_outside_domain": "some images look unlike the films the model learned from",
    "partly_outside_age": "some images were scored by a model for other ages",
    "outside_age": "outside the model's ages",
    "outside_domain": "the film looks unlike the films the model learned from",
    "lateral": "AI not applied: lateral view",
    "no_content": "AI not applied: blank or saturated picture",
    "multiframe": "AI not applied: several pictures in one file",
    "undecodable": "AI not applied: stored, but this picture cannot be decoded yet",
    "not_applicable": "AI not applied",
    "failed": "AI failed",
    "quarantined": "AI stopped on this film",
    "cancelled": "AI cancelled",
    "no_model": "no model is active",
}


def subtypes(said):
    """What a model with three classes adds, {"bacterial": p, "viral": p}, as a sentence; empty where it has two."""
    parts = ", ".join(f"{name} {round(100 * p)}" for name, p in sorted((said or {}).items()))
    return f"Research only, not validated: {parts} of 100" if parts else ""


def ai_state(code):
    """The words for an AI state code; an unknown code is shown as it is, never hidden."""
    return AI_STATES.get(code, code.replace("_", " "))


def gate(image):
    """Why the AI is not applied to an image, and which syntax or how many pictures it is; "" where it is applied."""
    words = ai_state(image.gate) if image.gate else ""
    return f"{words}: {image.gate_detail}" if words and image.gate_detail else words


def view(code):
    """`PA`, `lateral`, `view unknown`; any other view as the film says it."""
    if code in LATERAL_VIEWS:
        return "lateral"
    return code if len(code) <= 3 and code else code.lower() or "view unknown"


def age(study):
    """`4 y`, `18 mo`, `1 to 5 years, as sent` where the sender alone says it, or `age unknown`."""
    years = study.age_years
    if years is not None:
        return f"{round(12 * years)} mo" if years < 2 else f"{int(years)} y"
    group = AgeGroup(study.age_group)
    return f"{group.label}, as sent" if group else group.label


FINDING_FIRST = "The AI's answer is shown once you have chosen a finding."
SCREENINGS_CANCELLED = "The batch was cancelled before the AI had looked at these films."


def not_unpacked(left, why="cancelled"):
    """What became of an archive's rest: `left` files of it, or all of it where it was not opened (None)."""
    if left is None:
        return f"The archive was not unpacked: {why}."
    return f"{left:,} {'file of the archive was' if left == 1 else 'files of the archive were'} not unpacked: {why}."


def duration(seconds):
    """A wait as people say it: `50 s`, `6 min`, `8 h 04 m`, `3 d 2 h`."""
    seconds = max(0, int(seconds))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} m"
    return f"{hours // 24} d {hours % 24} h"
