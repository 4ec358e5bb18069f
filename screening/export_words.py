"""What an export says of itself: its summary, and the README.txt inside it."""

from ml import pixels
from screening import wording
from screening.exporting import Chosen

README = """\
An export of FirstRead: chest films with radiologists' findings, to train and to calibrate models on.

{summary}

manifest.csv has a line a film. label: PNEUMONIA, or NORMAL, which here means "read as without pneumonia" and not
"healthy"; of a study with several films each has the study's finding. patient, study, site and the file names are keyed
pseudonyms: with the key file, which stayed on the server, they can be made again; without it they cannot be undone.
age_years: whole years, 90 for everyone above 89, empty where unknown. seen_ai: yes where an AI score stood on the study
when it was signed; such labels lean towards the AI, and a model that is judged on them looks better than it is.

The films are grey PNG as the model sees them (pixels version {pixels}), at most 512 pixels a side, without metadata.
Nothing looks for letters in the picture: a name that was burnt into a film is still there. Look through the films
before they leave the house.

They are pseudonymous, not anonymous: still films of patients. Keep them as such, use them for what your ethics board
and the consent of the patients allow, do not publish them, do not try to find out whose they are, and delete them
afterwards. Credit the readers and the site where you report on them.

{research_use}
"""


def readme(chosen: Chosen) -> str:
    """README.txt."""
    return README.format(summary=summary(chosen), pixels=pixels.PIXELS_VERSION, research_use=wording.RESEARCH_USE)


def summary(chosen: Chosen) -> str:
    """How much leaves, how it is labelled, and what stays."""
    labels, seen = chosen.count("label"), chosen.count("seen_ai")
    lines = [
        f"{len(chosen.films)} films of {len(chosen.count('patient'))} patients: "
        f"{labels['PNEUMONIA']} PNEUMONIA, {labels['NORMAL']} NORMAL. "
        f"{seen['no']} were read without an AI score.",
    ]
    if chosen.left_out:
        lines.append("Left out: " + ", ".join(f"{n} {why}" for why, n in sorted(chosen.left_out.items())) + ".")
    return "\n".join(lines)
