"""The sentence that stands wherever a result does."""

RESEARCH_USE = (
    "Research use only. A prioritisation aid: it does not diagnose or rule out pneumonia; every study must be read."
)
