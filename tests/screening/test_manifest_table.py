"""The cells of a manifest, whatever its bytes."""

import csv
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from screening import manifest_table
from screening.manifest_table import Unreadable, checked, table

SETTINGS = settings(max_examples=200, deadline=None, database=None)


def told(data):
    """([what each row says], [each fault as text])."""
    rows, faults = table(data)
    said = []
    for number, cells in rows:
        values, wrong = checked(number, cells)
        said.append(values)
        faults += wrong
    return said, [str(fault) for fault in faults]


def test_columns_come_in_any_order_case_and_spacing():
    said, faults = told(b"View, PATIENT ID ,File,Accession-Number\nap,P1,a.png,A7\n")
    assert faults == []
    found = [said[0][name] for name in ("file", "patient_id", "view", "accession")]
    assert found == ["a.png", "P1", "AP", "A7"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_commas_semicolons_and_tabs_in_every_encoding_of_spreadsheets(delimiter, encoding):
    data = f"file{delimiter}patient_name\nröntgen.png{delimiter}Müller^Zoë\n".encode(encoding)
    said, faults = told(data)
    assert faults == []
    assert (said[0]["file"], said[0]["patient_name"]) == ("röntgen.png", "Müller^Zoë")


@pytest.mark.parametrize(
    ("text", "years"),
    [("4", 4), ("4,5", 4.5), ("18M", 1.5), ("18 months", 1.5), ("005Y", 5), ("6 years", 6), ("0", 0), ("", None)],
)
def test_an_age_is_a_number_of_years_or_says_its_unit(text, years):
    assert checked(2, {"file": "a", "age": text}) == (checked(2, {"file": "a"})[0] | {"age_years": years}, [])


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "131", "1e3", "four", "4 4", "=2+2"])
def test_an_age_that_is_none_is_a_fault_of_its_column(text):
    said, faults = checked(7, {"file": "a", "age": text})
    assert "age_years" not in said
    assert [(fault.row, fault.column) for fault in faults] == [(7, "age")]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("a.png,P1,sideways,", "Row 2, column view: The view must be PA, AP or LATERAL."),
        ("a.png,P1,,soon", "Row 2, column priority: The priority must be stat, urgent or routine."),
        (",P1,,", "Row 2, column file: This row names no file."),
        (f"a.png,{'9' * 65},,", "Row 2, column patient_id: The patient_id is longer than 64 characters."),
        ("a.png,P\0,,", "Row 2, column patient_id: The patient_id holds characters that cannot be read: "
         "save the manifest as UTF-8."),
        ("a.png,P\u202e1,,", "Row 2, column patient_id: The patient_id holds a character that turns the direction of "
         "the text."),
        ("a.png,P1,,,more", "Row 2: This row has more cells than the first row names columns."),
        ('a.png,"P"1,,', "Row 2: The quotation marks of this row do not fit together."),
    ],
)  # fmt: skip
def test_a_bad_cell_is_told_by_row_and_column_and_the_next_row_counts(row, fault):
    said, faults = told(f"file,patient,view,priority\n{row}\nb.png,P2,PA,stat\n".encode())
    assert faults == [fault]
    assert (said[1]["file"], said[1]["patient_id"], said[1]["priority"]) == ("b.png", "P2", 0)


def test_a_row_whose_quotation_marks_do_not_fit_still_names_its_file():
    said, _ = told(b'file,patient\n"a.png"x,P1\n')
    assert said[0]["file"] == "a.pngx"


def test_short_rows_say_nothing_of_the_columns_they_lack():
    said, faults = told(b"file,patient,view\na.png\n")
    assert (said[0]["patient_id"], said[0]["view"], faults) == ("", "", [])


def test_rows_are_counted_as_a_spreadsheet_counts_them():
    _, faults = told(b'\nfile,view\n\na.png,x\n,,\n"two\nlines",\nb.png,y\n')
    assert [fault.split(":")[0] for fault in faults] == [
        "Row 4, column view",
        "Row 6, column file",  # a name of a file holds no line break
        "Row 7, column view",
    ]


def test_unknown_columns_are_nobodys_business_line_breaks_in_them_included():
    said, faults = told(b'file,remarks\na.png,"first\nsecond"\nb.png,\n')
    assert ([each["file"] for each in said], faults) == (["a.png", "b.png"], [])


def test_what_a_spreadsheet_would_take_for_a_formula_is_text_like_any_other():
    said, faults = told(b"file,patient_name\na.png,=cmd()\n")
    assert (said[0]["patient_name"], faults) == ("=cmd()", [])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "must name the columns"),
        (b"\0" * 50, "must name the columns"),
        (b"a.png,P1\nb.png,P2\n", "must name the columns"),
        (b"file|patient\na.png|P1\n", "must name the columns"),
        ("file,patient\n".encode("utf-16-le"), "must name the columns"),
        (b"file,patient,Patient ID\n", "`patient_id` twice"),
        (b'file,patient\na.png,"P1\nb.png,P2\nc.png,P3\n', "Row 2: a quotation mark is opened"),
        (b"file\n" + b"a.png\n" * (manifest_table.MAX_ROWS + 1), "more than 20,000 rows"),
        (b"file\n" + b"x" * manifest_table.MAX_B, "larger than 10 MB"),
    ],
    ids=["empty", "nul", "no header", "bars", "utf-16 unmarked", "twice", "open quote", "many", "large"],
)
def test_what_is_no_such_table_is_refused_whole_with_a_sentence(data, why):
    with pytest.raises(Unreadable, match=why):
        table(data)


def test_twenty_thousand_rows_are_read():
    rows, faults = table(b"file,patient\n" + b"a.png,P1\n" * manifest_table.MAX_ROWS)
    assert (len(rows), faults) == (manifest_table.MAX_ROWS, [])


@SETTINGS
@given(st.binary(max_size=400))
@example(b'file\n"')
@example(b'file\n"\r\n"x')
@example(b"\xff\xfe\x00\xd8f")
def test_no_bytes_make_it_fail_in_another_way(data):
    for begin in (b"", b"file,patient,view,age\n", "file;site\n".encode("utf-16")):
        try:
            said, faults = told(begin + data)
        except Unreadable as unreadable:
            assert str(unreadable)
            continue
        assert all("file" in each for each in said) or faults


CELL = st.text(max_size=80)


@SETTINGS
@given(st.lists(st.tuples(CELL, CELL, CELL, CELL), max_size=20), st.sampled_from(",;\t"))
def test_every_row_that_a_program_wrote_is_taken_or_told(written, delimiter):
    out = io.StringIO()
    lines = csv.writer(out, delimiter=delimiter)
    lines.writerow(["file", "patient", "view", "age"])
    lines.writerows(written)
    rows, faults = table(out.getvalue().encode("utf-8", "surrogatepass"))
    kept = [row for row in written if any(cell.strip() for cell in row)]
    assert not faults
    assert len(rows) == len(kept)
    for (number, cells), (file, patient, *_) in zip(rows, kept, strict=True):
        said, wrong = checked(number, cells)
        assert (said.get("file"), said.get("patient_id")) == (file.strip(), patient.strip()) or wrong
