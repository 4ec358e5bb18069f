"""The cells of a manifest: from bytes to rows, from rows to values. Whatever the bytes, the answer is rows and faults,
or Unreadable."""

import codecs
import csv
import io
import re
import unicodedata
from dataclasses import dataclass

from django.utils.translation import gettext_noop

from screening import said_elsewhere
from screening.models import LATERAL_VIEWS, Priority

MAX_B, MAX_ROWS = 10 * 2**20, 20_000
DELIMITERS = ",;\t"
# Of a row that cannot be taken apart the file's name is still looked for in so many characters.
ENOUGH = 4096
ALIASES = {
    "patient": "patient_id", "name": "patient_name", "accession_number": "accession", "file_name": "file",
    "filename": "file", "age_years": "age",
}  # fmt: skip
LONGEST = {"file": 1024, "patient_id": 64, "patient_name": 200, "accession": 64, "site": 60}
COLUMNS = (*LONGEST, "priority", "view", "age")
VIEWS = {"": "", "UNKNOWN": "", "PA": "PA", "AP": "AP"} | dict.fromkeys(LATERAL_VIEWS, "LATERAL")
PRIORITIES = {"": None} | {each.code: each for each in Priority}
AGE = re.compile(r"([0-9]{1,3}(?:[.,][0-9]{1,3})?) ?(|y|years?|m|months?|w|weeks?|d|days?)", re.IGNORECASE)
A_YEAR = {"": 1, "y": 1, "m": 12, "w": 52.18, "d": 365.25}
OLDEST = 130
# Characters that turn the direction of the text around them: a name would read as another one.
TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}

TOO_LARGE = gettext_noop("The manifest is larger than 10 MB: send the films in several batches.")
TOO_MANY = said_elsewhere.MANY_ROWS % {"most": f"{MAX_ROWS:,}"}
NO_HEADER = gettext_noop(
    "The first row must name the columns, one of them `file`, with commas, semicolons or tabs between them."
)
MISQUOTED = gettext_noop("The quotation marks of this row do not fit together.")
TOO_WIDE = gettext_noop("This row has more cells than the first row names columns.")


class Unreadable(ValueError):
    """The whole CSV cannot be used; str(error) is the sentence."""

    @property
    def sentence(self):
        return str(self)


@dataclass(frozen=True)
class Fault:
    """What is wrong in a row. row: as a spreadsheet counts, the columns' names are in the first. column: "" where it is
    the row as a whole."""

    row: int
    column: str
    sentence: str

    def __str__(self):
        row = {"row": self.row, "column": self.column, "sentence": self.sentence}
        return (said_elsewhere.IN_COLUMN if self.column else said_elsewhere.IN_ROW) % row


def table(data):
    """([(row number, {column: text})], [Fault]) of the bytes of a CSV; a row without any text is left out.

    Raises Unreadable.
    """
    if len(data) > MAX_B:
        raise Unreadable(TOO_LARGE)
    text = _decoded(data)
    delimiter, header, names = _header(text)
    found, faults = [], []
    for number, cells, fault in _rows(text, delimiter):
        if number <= header or not any(map(str.strip, cells)):
            continue
        if len(found) == MAX_ROWS:
            raise Unreadable(TOO_MANY)
        found.append((number, {name: cell for name, cell in zip(names, cells, strict=False) if name in COLUMNS}))
        if fault or any(map(str.strip, cells[len(names) :])):
            faults.append(Fault(number, "", fault or TOO_WIDE))
    return found, faults


def _decoded(data):
    """UTF-16 where it says so, else UTF-8, else what spreadsheets of Western Windows write."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _header(text):
    """(delimiter, the header's row number, its columns' names)."""
    for delimiter in DELIMITERS:
        number, cells, _ = next((row for row in _rows(text, delimiter) if any(map(str.strip, row[1]))), (0, [], ""))
        names = [_column(cell) for cell in cells]
        if "file" in names:
            if twice := next((name for name in COLUMNS if names.count(name) > 1), ""):
                raise Unreadable(said_elsewhere.COLUMN_TWICE % {"column": twice})
            return delimiter, number, names
    raise Unreadable(NO_HEADER)


def _column(cell):
    name = "_".join(re.split(r"[\s_-]+", cell.strip().casefold()))
    return ALIASES.get(name, name)


def _rows(text, delimiter):
    """(row number, cells, what is wrong with it or "") of every row; raises Unreadable."""
    seen = []
    lines = _noting(io.StringIO(text, newline=""), seen)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 0
    while True:
        number, before = number + 1, reader.line_num
        try:
            yield number, next(reader), ""
        except StopIteration:
            return
        except csv.Error:
            # After a row that spans lines nobody can tell which of them were meant as rows.
            if reader.line_num > before + 1:
                raise Unreadable(said_elsewhere.OPEN_QUOTE % {"row": number}) from None
            yield number, _at_a_guess(seen[-1], delimiter), MISQUOTED


def _noting(lines, seen):
    """The lines, the last of them kept in the list `seen`."""
    for line in lines:
        seen[:] = [line]
        yield line


def _at_a_guess(line, delimiter):
    return next(csv.reader([line[:ENOUGH].rstrip("\r\n")], delimiter=delimiter), [])


def checked(number, cells):
    """({column: value}, [Fault]) of one row's texts; a wrong cell has no value."""
    said, faults = {}, []
    for name in COLUMNS:
        try:
            said |= _value(name, _clean(name, cells.get(name, "").strip()))
        except ValueError as error:
            faults.append(Fault(number, name, str(error)))
    return said, faults


def _clean(name, text):
    if not text and name == "file":
        raise ValueError(gettext_noop("This row names no file."))
    if any(unicodedata.category(each) in ("Cc", "Cs") or each == "\ufffd" for each in text):
        raise ValueError(said_elsewhere.UNREADABLE_TEXT % {"column": name})
    if any(unicodedata.bidirectional(each) in TURNING for each in text):
        raise ValueError(said_elsewhere.TURNED_TEXT % {"column": name})
    if len(text) > (most := LONGEST.get(name, 20)):
        raise ValueError(said_elsewhere.TOO_LONG % {"column": name, "most": most})
    return text


def _value(name, text):
    if name == "priority":
        return {
            "priority": _one_of(PRIORITIES, text.lower(), gettext_noop("The priority must be stat, urgent or routine."))
        }
    if name == "view":
        return {"view": _one_of(VIEWS, text.upper(), gettext_noop("The view must be PA, AP or LATERAL."))}
    return {"age_years": _years(text)} if name == "age" else {name: text}


def _one_of(known, text, sentence):
    if text not in known:
        raise ValueError(sentence)
    return known[text]


def _years(text):
    """Years, as a number from 0, of `5`, `4,5`, `18 months`, or DICOM's `018M`; None of nothing."""
    if not text:
        return None
    found = AGE.fullmatch(text)
    years = found and float(found[1].replace(",", ".")) / A_YEAR[found[2][:1].lower()]
    if not found or years > OLDEST:
        raise ValueError(
            gettext_noop("The age must be a number of years, such as 4 or 0.5, or of months, such as 18M.")
        )
    return years
