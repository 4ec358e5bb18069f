import numpy as np
import pydicom
import pytest

from ml import pixels
from ml.pixels import tags
from ml.pixels.deidentify import deidentified
from tests.ml.drawing import dicom, ramp

GREY = ramp().astype(np.uint8)


def header(**values) -> pixels.Header:
    return pixels.read(dicom(GREY, **values)).header


def test_the_header_carries_what_a_worklist_needs():
    found = header(
        PatientName="Doe^Jane",
        PatientID="A1",
        PatientBirthDate="20200131",
        PatientSex="F",
        StudyDate="20240131",
        StudyTime="141500",
        TimezoneOffsetFromUTC="+0200",
        AccessionNumber="ACC7",
        StudyDescription="Chest PA",
        ReasonForTheRequestedProcedure="fever, cough",
    )
    assert (found.patient_name, found.patient_id, found.sex, found.accession) == ("Doe^Jane", "A1", "F", "ACC7")
    assert (found.birth_date, found.study_time, found.age_years) == ("2020-01-31", "2024-01-31T14:15:00+02:00", 4.0)
    assert (found.description, found.clinical_question) == ("Chest PA", "fever, cough")
    assert (found.view, found.modality, found.body_part, found.photometric) == ("PA", "CR", "CHEST", "MONOCHROME2")


def test_a_broken_name_costs_the_name_and_not_the_film():
    data = dicom(GREY, PatientName="Doe^Jane", SpecificCharacterSet="ISO 2022 IR 87")
    assert isinstance(pixels.read(data.replace(b"Doe^Jane", b"\x1b$B\xff^\x1b\x1b$")).header.patient_name, str)


NAMES = [
    (["", "ISO 2022 IR 87"], b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "Yamada^Tarou=山田^太郎"),
    (["ISO 2022 IR 13", "ISO 2022 IR 87"], b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田"),
    (["", "ISO 2022 IR 149"], b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7", "Hong^Gildong=洪^吉洞"),
    ("ISO_IR 192", "Wang^XiaoDong=王^小東".encode(), "Wang^XiaoDong=王^小東"),
    ("GB18030", "Wang^XiaoDong=王^小东".encode("gb18030"), "Wang^XiaoDong=王^小东"),
]


@pytest.mark.parametrize(("charset", "raw", "name"), NAMES, ids=[str(name[0]) for name in NAMES])
def test_names_come_in_their_own_script(charset, raw, name):
    assert named(raw, charset) == name


@pytest.mark.parametrize(
    "raw", [b"\x1b", b"\x1b$B\xff^\x1b\x1b$", b"\x1b$(D\xff\xff", b"=\x1b$)C\xff^^=====", b"\xff\xfe\0A"]
)
@pytest.mark.parametrize(
    "charset", [["", "ISO 2022 IR 87"], ["", "ISO 2022 IR 149"], "ISO_IR 192", "GB18030", ["?", "x"]]
)
def test_a_name_that_is_broken_in_its_own_script_costs_the_name_alone(charset, raw):
    assert isinstance(named(raw, charset), str)


def named(raw, charset):
    """The patient's name of a film that holds these bytes as one."""
    raw += b" " * (len(raw) % 2)
    data = dicom(GREY, PatientName="X" * len(raw), SpecificCharacterSet=charset)
    return pixels.read(data.replace(b"X" * len(raw), raw)).header.patient_name


def test_an_unknown_character_set_costs_nothing():
    assert header(PatientName="Doe^Jane", SpecificCharacterSet="NO_SUCH_SET").patient_name == "Doe^Jane"


def test_control_characters_are_removed_and_length_is_capped():
    found = header(PatientName="A\0B\x07" + "x" * 500, PatientID="  7\0 ")
    assert "\0" not in found.patient_name + found.patient_id
    assert len(found.patient_name) <= 200
    assert found.patient_id == "7"


def test_characters_that_turn_the_text_around_them_are_removed():
    assert header(PatientName="\u202egpj^exe\u2066", SpecificCharacterSet="ISO_IR 192").patient_name == "gpj^exe"


def test_a_garbled_uid_is_no_uid():
    assert header(StudyInstanceUID="../../etc/passwd").study_uid == ""


@pytest.mark.parametrize(
    ("value", "iso"), [("20240229", "2024-02-29"), ("2024.02.29", "2024-02-29"), ("20230229", ""), ("x", "")]
)
def test_dates_are_iso_or_nothing(value, iso):
    assert tags.iso_date(value) == iso


@pytest.mark.parametrize(
    ("clock", "iso"),
    [("1405", "2024-01-31T14:05:00"), ("140507.25", "2024-01-31T14:05:07"), ("99", "2024-01-31"), ("", "2024-01-31")],
)
def test_a_garbled_time_leaves_the_date_alone(clock, iso):
    assert tags.study_time("2024-01-31", clock, "") == iso


@pytest.mark.parametrize(
    ("stated", "years"), [("004Y", 4), ("018M", 1.5), ("052W", 1.0), ("000D", 0), ("81", 81), ("old", None), ("", None)]
)
def test_ages_come_in_years(stated, years):
    found = tags.age_years(stated, "", "")
    assert found == (None if years is None else pytest.approx(years, abs=0.01))


def test_dates_beat_a_stated_age_unless_they_contradict():
    assert tags.age_years("009Y", "2020-01-31", "2024-01-31") == 4.0
    assert tags.age_years("009Y", "2025-01-31", "2024-01-31") == 9.0


def test_the_view_may_come_as_a_code():
    from pydicom.dataset import Dataset

    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "R-10206", "SRT", "antero-posterior"
    assert header(ViewPosition="", ViewCodeSequence=[code]).view == "AP"


def test_spacing_is_rows_then_columns():
    found = header(PixelSpacing=[0.2, 0.15], ImagerPixelSpacing=[0.22, 0.17])
    assert (found.row_spacing_mm, found.column_spacing_mm, found.spacing_at_detector) == (0.2, 0.15, False)


@pytest.mark.parametrize("corrected", [None, [0.2, 0.2], [0.2, 0]])
def test_spacing_that_nobody_corrected_is_at_the_detector(corrected):
    found = header(PixelSpacing=corrected, ImagerPixelSpacing=[0.2, 0.2])
    assert (found.row_spacing_mm, found.column_spacing_mm, found.spacing_at_detector) == (0.2, 0.2, True)


@pytest.mark.parametrize("stated", [["0", "0.2"], ["-0.2", "0.2"], ["10", "0.2"], ["nan", "0.2"], "0.2", []])
def test_spacing_that_cannot_be_is_none(stated):
    from pydicom.dataset import Dataset

    dataset = Dataset()
    with pydicom.config.disable_value_validation():
        dataset.PixelSpacing = stated
    assert tags.spacing(dataset) == (None, None, False)


def test_letters_for_a_spacing_cost_the_spacing_alone():
    data = dicom(GREY, PixelSpacing=["0.1234", "0.1234"]).replace(b"0.1234", b"a.bcde")
    assert pixels.read(data).header.row_spacing_mm is None


def test_a_film_keeps_its_spacing_where_names_are_removed():
    data = deidentified(dicom(GREY, ImagerPixelSpacing=[0.2, 0.15]), b"a key")
    assert pixels.read(data).header.column_spacing_mm == 0.15
