"""Rows 45 to 52, and 55: what the words of a DICOM file do, and whom they name."""

import pytest
from pydicom.dataset import Dataset

from screening.models import Image, Receipt, Study
from tests.catalogue import dicom_headers, dicoms
from tests.catalogue.picture import CANARY
from tests.catalogue.rows import accepted
from tests.intake import films

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("case", [accepted("B45 no view", lambda: dicoms.film(ViewPosition=None))])
def test_a_film_without_a_view_says_so(client, send, sender, case):
    send(case.make())
    assert Image.objects.get().view == ""
    client.force_login(sender)
    assert "view unknown" in client.get(f"/studies/{Study.objects.get().pk}/").content.decode().lower()


@pytest.mark.parametrize("sop_uid", [pytest.param("1.2.3.4", id="B47 other pixels")])
def test_a_sop_uid_that_comes_again_with_another_picture_overwrites_nothing(send, holds, sop_uid):
    send(films.dicom(1, sop_uid=sop_uid))
    before = Image.objects.values().get()
    answer = send(films.dicom(2, sop_uid=sop_uid))
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "uid_conflict")
    assert Image.objects.values().get() == before
    holds()


@pytest.mark.parametrize("sop_uid", [pytest.param("1.2.3.4", id="B47 the same picture in another file")])
def test_the_same_film_in_another_file_is_a_duplicate(send, holds, sop_uid):
    send(films.dicom(1, sop_uid=sop_uid))
    answer = send(films.dicom(1, sop_uid=sop_uid, StationName="other"))
    assert (answer.status_code, answer.json()["receipt"]["reason"]) == (200, "same_film")
    holds()


UIDS = {
    "65 characters": "1." * 32 + "1",
    "400 characters": "1." * 200,
    "that climbs": "../../../tmp/x",
    "of spaces": "1 2 3",
    "of SQL": "1'; DROP TABLE image;--",
    "of a NUL": "1.2\0.3",
    "empty": "",
}


@pytest.mark.parametrize("value", [pytest.param(value, id=f"B48 a UID {name}") for name, value in UIDS.items()])
def test_a_uid_that_is_none_joins_nothing_and_is_no_path(send, holds, value):
    for seed in (1, 2):
        tags = {"SOPInstanceUID": value, "StudyInstanceUID": value, "SeriesInstanceUID": value}
        data = dicoms.changed(films.dicom(seed), **tags)
        assert send(data).json()["receipt"]["outcome"] in ("accepted", "rejected")
    holds()
    assert Study.objects.count() == Image.objects.count()
    assert set(Study.objects.values_list("study_uid", flat=True)) <= {""}


NAMES = {
    "of 10 KB": b"X" * 10_000,
    "of control characters": b"A\x01\x02\x1b[31m\x7f^B\r\n",
    "of HTML": b"<script>alert(1)</script>",
    "of a formula": b'=cmd|"/c calc"!A1',
    "that turns": "\u202egpj.exe\u2066".encode(),
    "of half a charset": b"\x1b$B!\x1b$",
    "of an unknown charset": b"\x1b%/X\xff\xfe",
    "of NULs": b"A\0B\0",
}


@pytest.mark.parametrize("raw", [pytest.param(value, id=f"B49 a name {name}") for name, value in NAMES.items()])
@pytest.mark.parametrize(
    "charset", [b"ISO 2022 IR 87", b"ISO_IR 192", b"NO SUCH SET", b"\\ISO 2022 IR 149"], ids=bytes.decode
)
def test_a_hostile_patient_name_is_shown_harmless(client, send, holds, sender, raw, charset):
    answer = send(dicom_headers.named(raw, charset))
    assert answer.json()["receipt"]["outcome"] == "accepted"
    holds()
    name = Study.objects.get().patient_name
    assert len(name) <= 200 and not any(ord(each) < 32 or each in "\x7f\u202e\u2066" for each in name)
    client.force_login(sender)
    page = client.get(f"/studies/{Study.objects.get().pk}/")
    assert page.status_code == 200 and b"<script>alert" not in page.content


TEXTS = (
    "PatientName",
    "PatientID",
    "AccessionNumber",
    "StudyDescription",
    "ReasonForStudy",
    "BodyPartExamined",
    "PatientSex",
)


@pytest.mark.parametrize("keyword", [pytest.param(each, id=f"B50 NUL in {each}") for each in TEXTS])
def test_a_nul_in_a_text_reaches_no_row(send, holds, keyword):
    answer = send(dicom_headers.texts(keyword, "CHEST\0CHEST"))
    assert answer.json()["receipt"]["outcome"] in ("accepted", "rejected")
    holds()
    assert not any("\0" in str(value) for row in Study.objects.values() for value in row.values())


@pytest.mark.parametrize("value", [pytest.param("YES", id="B51 letters burned in"), pytest.param("NO", id="B51 none")])
def test_a_film_that_says_so_is_marked_and_scored(send, holds, value):
    assert send(dicoms.film(BurnedInAnnotation=value)).status_code == 201
    assert Image.objects.get().burned_in is (value == "YES")
    holds()


@pytest.mark.parametrize("make", [pytest.param(dicom_headers.hidden, id="B52 private, overlay, curve, icon, comments")])
def test_patient_data_in_hidden_places_is_in_nothing_derived(client, send, holds, sender, make, caplog):
    assert CANARY.encode() in make()
    assert send(make()).status_code == 201
    holds()
    image = Image.objects.get()
    for field in (image.viewing, image.model_input):
        with field.open("rb") as file:
            assert CANARY.encode() not in file.read()
    rows = [*Study.objects.values(), *Image.objects.values(), *Receipt.objects.values()]
    assert not any(CANARY in str(row) for row in rows)
    client.force_login(sender)
    assert CANARY not in client.get(f"/studies/{image.study_id}/").content.decode()
    assert CANARY not in caplog.text


@pytest.mark.parametrize("entry", [pytest.param("ReferencedFileID", id="B55 a DICOMDIR that points elsewhere")])
def test_what_a_dicomdir_points_to_is_never_opened(send, holds, entry, tmp_path):
    outside = tmp_path / "scratch" / "secret.dcm"
    outside.write_bytes(dicoms.plain())
    record = Dataset()
    record.DirectoryRecordType, record.ReferencedFileID = "IMAGE", ["..", "..", str(outside)]
    data = dicom_headers.no_picture("1.2.840.10008.1.3.10", Modality=None, DirectoryRecordSequence=[record])
    assert send(data, "a.dcm").json()["receipt"]["outcome"] in ("rejected", "skipped")
    outside.unlink()
    holds()
