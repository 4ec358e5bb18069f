"""Sentences that are kept or made in English, and translated when somebody is shown them.

A receipt, a failed job or a manifest's row keeps its sentence in English, for whoever reads it later may read another
language; `ml` knows no translations at all. `said` finds the sentence again, also where values were filled into it.
"""

import re
from functools import cache

from django.utils.translation import get_language, gettext, gettext_noop

LONGEST = 255  # what is kept of a sentence

# What `ml.pixels` says of a file.
OF_PIXELS = (
    gettext_noop("The file is empty."),
    gettext_noop("The file is not a JPEG, PNG or DICOM picture."),
    gettext_noop("The picture has more than 64 million pixels."),
    gettext_noop("The picture is smaller than 128 pixels a side."),
    gettext_noop("The file starts like a picture, but its header is damaged."),
    gettext_noop("The file holds an animation; send single pictures."),
    gettext_noop("The JPEG has more than 8 bits a pixel: send a PNG of 16 bits, or DICOM."),
    gettext_noop("The picture ends too early: the file is incomplete."),
    gettext_noop("The picture data is damaged."),
    gettext_noop("The DICOM file begins like a program or another kind of file."),
    gettext_noop("The DICOM file meta information is damaged."),
    gettext_noop("The deflated DICOM file unpacks to more than any film holds."),
    gettext_noop("The DICOM file ends too early: it is incomplete."),
    gettext_noop("The DICOM file is damaged."),
    gettext_noop("The DICOM file has no readable header, or an absurdly long one."),
    gettext_noop("The body part examined is not the chest."),
    gettext_noop("The DICOM file holds no picture."),
    gettext_noop("The DICOM picture is not a grey one (MONOCHROME1 or MONOCHROME2)."),
    gettext_noop("The DICOM picture is not stored with up to 16 plain bits a pixel."),
    gettext_noop("The DICOM picture data is not what the header says."),
    gettext_noop("The DICOM picture data is incomplete."),
    gettext_noop("The DICOM picture data is damaged."),
    gettext_noop("The file could not be de-identified, as this site demands."),
    # Translators: the coding (transfer syntax) of a DICOM picture, where the file names none.
    gettext_noop("none stated"),
)

# Of a manifest.
# Translators: %(sentence)s says what is wrong in that row of a table.
IN_ROW = gettext_noop("Row %(row)s: %(sentence)s")
# Translators: %(sentence)s says what is wrong in that cell of a table.
IN_COLUMN = gettext_noop("Row %(row)s, column %(column)s: %(sentence)s")
# Translators: a manifest is a CSV that lists the films; %(error)s says what is wrong in the row.
ROW_IS_WRONG = gettext_noop("Row %(row)s of the manifest: %(error)s")
TWICE_NAMED = gettext_noop("Row %(row)s names the same file, and says something else.")
OPEN_QUOTE = gettext_noop(
    "Row %(row)s: a quotation mark is opened and not closed, so what follows cannot be told apart. Mend it there."
)
COLUMN_TWICE = gettext_noop("The first row names the column `%(column)s` twice.")
UNREADABLE_TEXT = gettext_noop("The %(column)s holds characters that cannot be read: save the manifest as UTF-8.")
TURNED_TEXT = gettext_noop("The %(column)s holds a character that turns the direction of the text.")
TOO_LONG = gettext_noop("The %(column)s is longer than %(most)s characters.")
MANY_ROWS = gettext_noop("The manifest has more than %(most)s rows: send the films in several batches.")
MANY_ROWS_IN_ALL = gettext_noop(
    "The manifests of this batch have more than %(most)s rows: send the films in several batches."
)
LIST = gettext_noop("Read as the list of the films: %(rows)s rows count.")
# Translators: %(first)s is the first fault, such as "Row 3, column age: The age must be ...".
LIST_WITH_FAULTS = gettext_noop(
    "Read as the list of the films: %(rows)s rows count. %(faults)s faults, the first: %(first)s"
)

# Of a picture.
# Translators: %(coding)s is "JPEG XL (1.2.840.10008.1.2.4.112)".
NOT_DECODED = gettext_noop(
    "AI not applied: stored, but the picture cannot be decoded yet (%(coding)s). It is on the worklist; try it again "
    "later."
)
# Translators: %(pictures)s is "12 pictures".
MULTIFRAME = gettext_noop(
    "AI not applied: several pictures in one file (%(pictures)s). The first is shown; the film is stored."
)
PICTURES = gettext_noop("%(number)s pictures")
MODALITY = gettext_noop("The modality is %(modality)s; chest radiographs are CR or DX.")
NO_MODALITY = gettext_noop("The modality is empty; chest radiographs are CR or DX.")
# Translators: %(coding)s is how the picture is coded, or "its syntax is unknown".
STILL_NOT_DECODED = gettext_noop("This picture still cannot be decoded: %(coding)s.")
UNKNOWN_CODING = gettext_noop("its syntax is unknown")

# Of what may be sent in a day.
SITE_FILES = gettext_noop(
    "Site %(site)s may send %(files)s files in a day, and has: go on after midnight UTC, or ask an administrator for "
    "more."
)
SITE_GIGABYTES = gettext_noop(
    "Site %(site)s may send %(gigabytes)s GB in a day, and has: go on after midnight UTC, or ask an administrator for "
    "more."
)
PERSON_FILES = gettext_noop(
    "Each person may send %(files)s files to site %(site)s in a day, and has: go on after midnight UTC, or ask an "
    "administrator for more."
)

# Of work that failed.
MODEL_FAILED = gettext_noop("The model failed on this film (%(kind)s).")
MAIL_AWAY = gettext_noop("The e-mail server did not take it (%(kind)s).")
WEBHOOK_AWAY = gettext_noop("The webhook did not answer (%(kind)s).")
WEBHOOK_REFUSED = gettext_noop("The webhook answered %(status)s.")
# Translators: %(sentence)s says why a notice was not delivered.
GIVEN_UP = gettext_noop("Not delivered within a day: %(sentence)s")

# The more special first.
WITH_VALUES = (
    OPEN_QUOTE, TWICE_NAMED, IN_COLUMN, IN_ROW, ROW_IS_WRONG, COLUMN_TWICE, UNREADABLE_TEXT, TURNED_TEXT, TOO_LONG,
    MANY_ROWS, MANY_ROWS_IN_ALL, LIST, LIST_WITH_FAULTS, NOT_DECODED, MULTIFRAME, PICTURES, MODALITY,
    STILL_NOT_DECODED, SITE_FILES, SITE_GIGABYTES, PERSON_FILES, MODEL_FAILED, MAIL_AWAY, WEBHOOK_AWAY,
    WEBHOOK_REFUSED, GIVEN_UP,
)  # fmt: skip
VALUE = re.compile(r"%\((\w+)\)s")
NUMBERS = {"row", "rows", "faults", "most", "number", "status", "files", "gigabytes"}
# Values that are themselves sentences or words of ours.
OF_OURS = {"sentence", "error", "first", "coding", "pictures"}


def said(sentence):
    """A sentence that was kept in English, in the language of whoever is shown it; what nobody knows stays as it is."""
    sentence = str(sentence)
    if not sentence or (get_language() or "en").startswith("en"):
        return sentence
    return _known(sentence) or " ".join(_known(each) or each for each in re.split(r"(?<=\.) ", sentence))


def _known(sentence):
    """The translation of one sentence, or ""."""
    translated = gettext(sentence)
    return translated if translated != sentence else _with_values(sentence)


def _with_values(sentence):
    for template in WITH_VALUES:
        if found := _form(template).fullmatch(sentence):
            values = {name: said(value) if name in OF_OURS else value for name, value in found.groupdict().items()}
            return gettext(template) % values
    return ""


@cache
def _form(template):
    """The template as a regular expression with a group a value."""
    words = VALUE.split(template)
    forms = [
        f"(?P<{part}>{r'[0-9,]+' if part in NUMBERS else '.+'})" if at % 2 else re.escape(part)
        for at, part in enumerate(words)
    ]
    return re.compile("".join(forms), re.DOTALL)
