"""The same inputs at a site that de-identifies, and in a dry run: no other answer, and nothing more is kept."""

import pytest

from screening.models import Batch, Image, Receipt, Study
from tests.catalogue import (
    dicom_headers,
    dicom_pixels,
    dicoms,
    jpegs,
    picture,
    test_dicom_headers,
    test_dicom_pixels,
    test_dicom_words,
    test_rasters,
    zips,
)
from tests.catalogue.judged import check, distance
from tests.catalogue.rows import accepted, refused
from tests.intake import films

pytestmark = pytest.mark.django_db

# One or two of each row; what a de-identifying child has to walk through is in it whole.
SOME = [
    case
    for n, case in enumerate([*test_rasters.CASES, *test_dicom_pixels.CASES, *test_dicom_headers.CASES])
    if n % 6 == 0
]
DEEP = [
    accepted("B33 JPEG-LS", dicom_pixels.COMPRESSED["JPEG-LS"], twin=1.5),
    accepted("B35 deflated", dicom_headers.deflated, twin=1),
    refused("B36 1.5 MB that inflate to 1.5 GB", "inflates_too_large", dicom_headers.deflated_bomb, status=413),
    refused("B40 5,000 deep", "malformed_dicom", lambda: dicom_headers.nested(5000)),
    accepted("B40 3 deep", lambda: dicom_headers.nested(3), twin=1),
    refused("B41 100,000 elements", "malformed_dicom", lambda: dicom_headers.many_elements(100_000)),
    accepted("B41 a private element of 50 MB", lambda: dicom_headers.huge_tag(50), twin=1),
    accepted("B42 a VR of ZZ", dicom_headers.odd_meta, twin=1),
    *(
        accepted(f"B49 a name {n}", lambda raw=raw: dicom_headers.named(raw), twin=1)
        for n, raw in test_dicom_words.NAMES.items()
    ),
]


@pytest.fixture
def private(home):
    home.deidentify = True
    home.save(update_fields=["deidentify"])
    return home


@pytest.mark.parametrize("case", [*SOME, *DEEP])
def test_a_site_that_deidentifies_gives_the_same_answer(private, send, holds, case):
    check(case, send(case.make(), case.name))
    holds()
    assert not Image.objects.filter(deidentified=False).exists()


CANARY = picture.CANARY.encode()
TELLING = {
    "B52 private, overlay, curve, icon, comments": dicom_headers.hidden,
    "B52 a patient's name": lambda: dicoms.film(PatientName=picture.CANARY, PatientID=picture.CANARY),
    "B52 a name in a deflated film": lambda: dicom_headers.deflated(dicoms.film(PatientName=picture.CANARY)),
    "B52 a name in the preamble": lambda: dicom_headers.preamble(CANARY),
    "B52 a name behind the film": lambda: dicoms.plain() + dicoms.element(0xFFFC, 0xFFFC, b"OB", CANARY + b" "),
    **{
        f"B52 a name in the pixel data: {name}": lambda name=name: dicom_pixels.telling(name)
        for name in ("plain", "JPEG", "JPEG-LS", "JPEG 2000")
    },
    "B17 EXIF, XMP, IPTC and a comment": jpegs.telling,
    "B17 a name behind the picture": lambda: picture.plain_jpeg() + CANARY,
}


@pytest.mark.parametrize("make", [pytest.param(make, id=about) for about, make in TELLING.items()])
def test_no_name_is_kept_in_any_file_or_row(private, send, holds, media, make):
    assert send(make(), f"{picture.CANARY}.dcm").json()["receipt"]["outcome"] == "accepted"
    holds()
    assert distance(Image.objects.get()) <= 2
    for path in media.rglob("*"):
        assert path.is_dir() or CANARY not in path.read_bytes()
    for kept in (Study, Image, Receipt):
        assert not any(picture.CANARY in str(row) for row in kept.objects.values())


@pytest.mark.parametrize("name", [pytest.param(f"{picture.CANARY}.jpg", id="B52 a name in an archive")])
def test_no_name_of_an_entry_is_kept(private, unpacked, holds, name):
    unpacked(films.archive({name: films.jpeg(), f"{name}.exe": b"MZ"}), name=f"{picture.CANARY}.zip")
    holds()
    assert not any(picture.CANARY in str(row) for row in Receipt.objects.values())


@pytest.fixture
def trial(factories, model, home, sender):
    return factories.batch(home, by=sender, state=Batch.State.TRIAL)


@pytest.mark.parametrize("case", SOME)
def test_a_dry_run_says_the_same_and_stores_nothing(trial, send, media, stored, rung, case):
    answer = send(case.make(), case.name, trial)
    found = answer.json()["receipt"]
    assert found["outcome"] == case.outcome and found["reason"] in case.codes
    assert not rung and not Study.objects.exists() and not Image.objects.exists()
    assert stored() == (case.outcome == "accepted")
    assert {path.relative_to(media).parts[0] for path in media.rglob("*") if path.is_file()} <= {"held"}


@pytest.mark.parametrize("make", [pytest.param(lambda: zips.forged(300, 100), id="B59 300 MB, 100 B said")])
def test_a_dry_run_of_an_archive_stores_nothing_of_it(trial, send, stored, rung, make):
    from workers import jobs

    assert send(make(), "cd.zip", trial).status_code == 202
    jobs.unpack()
    assert set(Receipt.objects.values_list("reason", flat=True)) == {"bad_entry"}
    assert stored() == 0 and not rung
