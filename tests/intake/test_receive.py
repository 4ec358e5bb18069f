"""One file in, one receipt out."""

import hashlib
import io

import pytest

from screening import intake, keeping, reasons, standing, worklist
from screening.models import Event, Image, ModelVersion, Priority, Receipt, Screening, Study
from tests import factories
from tests.intake import films
from webportal import demo

pytestmark = pytest.mark.django_db


def outcome(receipt):
    return receipt.outcome, receipt.reason


def test_an_accepted_film_is_a_study_an_image_a_screening_and_an_event(batch, stored):
    receipt = intake.receive(batch, "IM-1.jpg", films.jpeg())
    assert outcome(receipt) == ("accepted", "")
    image = Image.objects.get()
    assert (receipt.image, receipt.study) == (image, image.study)
    assert image.sha256 == hashlib.sha256(films.jpeg()).hexdigest()
    assert image.study.status == "received"
    assert intake.to_ring([receipt]) == [Screening.objects.get(image=image, state="pending").pk]
    assert Event.objects.get(kind="upload").detail == {"batch": str(batch.pk), "image": str(image.pk)}
    assert stored() == 3


def test_the_original_is_kept_byte_for_byte_under_a_generated_name(batch):
    intake.receive(batch, "Doe^Jane.jpg", films.jpeg())
    image = Image.objects.get()
    with image.original.open("rb") as file:
        assert file.read() == films.jpeg()
    assert image.original.name == f"originals/{image.pk.hex[:2]}/{image.pk}"


@pytest.mark.parametrize("kind", ["bytes", "path", "file"])
def test_bytes_a_path_and_an_open_file_are_taken_alike(batch, tmp_path, kind):
    path = tmp_path / "film.png"
    path.write_bytes(films.png())
    source = {"bytes": films.png(), "path": path, "file": io.BytesIO(films.png())}[kind]
    assert outcome(intake.receive(batch, "film.png", source)) == ("accepted", "")


def test_a_study_carries_what_the_header_says(batch):
    study = intake.receive(batch, "a.dcm", films.dicom(1, PatientID="P 7", ReasonForStudy="Cough")).study
    study.refresh_from_db()
    assert (study.patient_id, study.patient_name, study.sex) == ("P 7", "Film^Generated", "O")
    assert (study.accession, study.clinical_question) == ("A1", "Cough")
    assert study.age_years == pytest.approx(4.08, abs=0.02)
    assert study.taken_at.isoformat() == "2024-01-31T10:15:00+00:00"


def test_how_far_apart_pixels_lie_comes_from_the_film(batch):
    film = films.dicom(1, ImagerPixelSpacing=[0.2, 0.15])
    image = intake.receive(batch, "a.dcm", film).image
    image.refresh_from_db()
    assert (image.row_spacing_mm, image.column_spacing_mm, image.spacing_at_detector) == (0.2, 0.15, True)
    bad = intake.receive(batch, "b.dcm", films.dicom(2, PixelSpacing=[0, -1])).image
    assert (bad.row_spacing_mm, bad.spacing_at_detector) == (None, False)


def test_the_class_of_the_batch_is_that_of_the_study_and_its_screening(batch):
    batch.priority = Priority.STAT
    study = intake.receive(batch, "a.jpg", films.jpeg()).study
    assert study.priority == Priority.STAT
    assert Screening.objects.get().priority == Priority.STAT


def test_the_same_bytes_twice_are_a_duplicate_that_names_the_study(batch):
    first = intake.receive(batch, "a.jpg", films.jpeg())
    again = intake.receive(batch, "b.jpg", films.jpeg())
    assert outcome(again) == ("duplicate", "same_file")
    assert (again.study, again.image) == (first.study, first.image)
    assert Image.objects.count() == 1


def test_the_same_film_in_another_file_is_a_duplicate(batch, stored):
    intake.receive(batch, "a.dcm", films.dicom(1))
    again = intake.receive(batch, "a.dcm", films.dicom(1, PatientComments="sent again by the archive"))
    assert outcome(again) == ("duplicate", "same_film")
    assert stored() == 3


def test_the_same_uid_with_another_picture_is_a_conflict_that_overwrites_nothing(batch, stored):
    first = intake.receive(batch, "a.dcm", films.dicom(1, sop_uid="1.2.3"))
    other = intake.receive(batch, "b.dcm", films.dicom(2, sop_uid="1.2.3"))
    assert outcome(other) == ("conflict", "uid_conflict")
    assert other.image == first.image
    assert Image.objects.get().content_hash == first.image.content_hash
    assert stored() == 3


@pytest.mark.parametrize("kinds", [(films.undecodable, films.dicom), (films.undecodable, films.undecodable)])
def test_of_a_picture_that_cannot_be_decoded_nobody_says_that_it_is_the_same(batch, kinds):
    for kind, seed in zip(kinds, (1, 2), strict=True):
        receipt = intake.receive(batch, "a.dcm", kind(seed, sop_uid="1.2.3"))
    assert outcome(receipt) == ("conflict", "uid_conflict")
    assert Image.objects.count() == 1


def test_the_same_film_at_another_site_is_new_there_and_gives_no_hint(batch):
    intake.receive(batch, "a.dcm", films.dicom(1))
    elsewhere = factories.batch(factories.site())
    receipt = intake.receive(elsewhere, "a.dcm", films.dicom(1))
    assert outcome(receipt) == ("accepted", "")
    assert receipt.study.site == elsewhere.site


def test_a_duplicate_of_a_withdrawn_study_says_so(batch):
    study = intake.receive(batch, "a.jpg", films.jpeg()).study
    factories.withdrawn(study, factories.technologist(batch.site))
    again = intake.receive(batch, "a.jpg", films.jpeg())
    assert outcome(again) == ("duplicate", "withdrawn")
    assert "Restore" in again.sentence


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("cut.jpg", films.truncated_jpeg(), "truncated"),
        ("icon.png", films.png(side=64), "too_small"),
        ("nothing.jpg", b"", "empty"),
        ("script.jpg", b"<script>alert(1)</script>", "unsupported_type"),
        ("ct.dcm", films.dicom(Modality="CT"), "unsupported_modality"),
        ("hand.dcm", films.dicom(BodyPartExamined="HAND"), "unsupported_body_part"),
        ("report.dcm", films.dicom(PixelData=None), "no_pixels"),
    ],
)
def test_a_bad_file_is_rejected_with_its_reason_and_leaves_nothing(batch, stored, name, data, expected):
    receipt = intake.receive(batch, name, data)
    assert outcome(receipt) == ("rejected", expected)
    assert receipt.sentence
    assert not Study.objects.exists()
    assert stored() == 0


def test_a_truncated_jpeg_is_rejected_and_the_next_file_is_still_taken(batch):
    assert outcome(intake.receive(batch, "a.jpg", films.truncated_jpeg())) == ("rejected", "truncated")
    assert outcome(intake.receive(batch, "b.jpg", films.jpeg())) == ("accepted", "")


def test_a_file_above_the_limit_is_rejected_before_it_is_read(batch, monkeypatch):
    monkeypatch.setattr(intake, "MAX_FILE_B", 1000)
    assert outcome(intake.receive(batch, "a.jpg", films.jpeg())) == ("rejected", "too_large")


@pytest.mark.parametrize(
    "name", ["CD/DICOMDIR", "__MACOSX/._a.jpg", "x/.DS_Store", "Thumbs.db", "README", "readme.TXT", "viewer/index.html"]
)
def test_what_lies_beside_films_is_left_out(batch, name):
    assert outcome(intake.receive(batch, name, b"no film at all")) == ("skipped", "companion")


def test_content_decides_what_a_file_is_and_not_its_name(batch):
    assert outcome(intake.receive(batch, "README.txt", films.jpeg())) == ("accepted", "")
    assert Image.objects.get().format == "jpeg"


def test_a_lateral_view_is_stored_and_not_scored(batch):
    receipt = intake.receive(batch, "lat.dcm", films.dicom(ViewPosition="LL"))
    assert outcome(receipt) == ("accepted", "lateral")
    assert receipt.image.gate == "lateral"
    assert not Screening.objects.exists()
    receipt.study.refresh_from_db()
    assert (receipt.study.status, receipt.study.ai_state) == ("unscreened", "lateral")


@pytest.mark.parametrize(
    ("name", "data", "gate", "named"),
    [
        ("flat.png", films.flat_png(), "no_content", "blank"),
        ("two.dcm", films.dicom(NumberOfFrames=2, PixelData=films.grey().tobytes() * 2), "multiframe", "2 pictures"),
        ("new.dcm", films.undecodable(), "undecodable", "MPEG2 Main Profile"),
    ],
)
def test_what_no_model_may_judge_is_stored_and_on_the_worklist_and_says_why(batch, name, data, gate, named):
    receipt = intake.receive(batch, name, data)
    assert outcome(receipt) == ("accepted", gate)
    assert named in receipt.sentence
    assert not Screening.objects.exists()
    study = Study.objects.get()
    assert (study.status, study.ai_state, study.band) == ("unscreened", gate, "")
    assert worklist.due(study) is not None


def test_a_picture_that_cannot_be_decoded_yet_keeps_its_original_and_what_its_header_says(batch, stored):
    image = intake.receive(batch, "new.dcm", films.undecodable()).image
    assert (image.rows, image.columns, image.content_hash) == (160, 160, "")
    assert not image.viewing
    with image.original.open("rb") as file:
        assert file.read() == films.undecodable()
    assert stored() == 1


def test_a_frontal_film_beside_one_that_no_model_may_judge_is_never_below_uncertain(batch):
    first = intake.receive(batch, "pa.dcm", films.dicom(1, study_uid="1.2.9"))
    factories.screened(first.study, 0.02)
    intake.receive(batch, "two.dcm", films.undecodable(study_uid="1.2.9"))
    first.study.refresh_from_db()
    assert (first.study.band, first.study.ai_state) == ("uncertain", "partly_failed")


def test_letters_that_are_burned_in_are_flagged_and_the_film_is_screened(batch):
    assert intake.receive(batch, "a.dcm", films.dicom(BurnedInAnnotation="YES")).image.burned_in
    assert Screening.objects.count() == 1


@pytest.mark.parametrize(
    ("group", "outside"), [("1_to_5", False), ("", False), ("adult", True), ("under_1", True), ("6_to_17", True)]
)
def test_the_age_group_of_the_batch_counts_where_a_film_says_no_age(batch, group, outside):
    batch.age_group = group
    study = intake.receive(batch, "a.jpg", films.jpeg()).study
    assert study.age_group == group
    assert standing.outside_age(factories.screened(study), ModelVersion.objects.get()) == outside


def test_an_age_that_the_film_says_comes_before_the_group_of_the_batch(batch):
    batch.age_group = "adult"
    assert intake.receive(batch, "a.dcm", films.dicom()).study.age_group == ""


@pytest.mark.parametrize("name", ["CD/VIEWER.EXE", "viewer/lib.dll", "AUTORUN.INF", "jre/rt.jar", "help/index.htm"])
def test_the_viewer_of_a_cd_is_left_out(batch, name):
    assert outcome(intake.receive(batch, name, b"MZ\x90\0 a program")) == ("skipped", "companion")


def test_a_program_under_a_films_name_is_rejected(batch):
    assert outcome(intake.receive(batch, "film.dcm", b"MZ\x90\0 a program")) == ("rejected", "unsupported_type")


def test_films_of_one_study_uid_are_one_study(batch):
    front = intake.receive(batch, "pa.dcm", films.dicom(1, study_uid="1.2.9"))
    side = intake.receive(batch, "lat.dcm", films.dicom(2, study_uid="1.2.9", ViewPosition="LL"))
    assert front.study == side.study
    assert (Study.objects.count(), front.study.images.count()) == (1, 2)


def test_a_garbled_study_uid_joins_nothing(batch):
    receipts = [intake.receive(batch, "a.dcm", films.dicom(n, study_uid="../../etc/passwd")) for n in (1, 2)]
    assert Study.objects.filter(study_uid="").count() == 2
    assert {receipt.outcome for receipt in receipts} == {"accepted"}


def test_a_film_of_another_patient_does_not_join_a_study(batch, stored):
    first = intake.receive(batch, "a.dcm", films.dicom(1, study_uid="1.2.9"))
    other = intake.receive(batch, "b.dcm", films.dicom(2, study_uid="1.2.9", PatientID="G2"))
    assert outcome(other) == ("conflict", "patient_conflict")
    assert (other.study, other.image) == (first.study, None)
    assert stored() == 3


def test_a_phantom_says_so_in_its_file_and_is_marked_wherever_it_is_sent(db):
    drawn = demo.film(1, opacity=True)
    for each in (factories.site(demo=True), factories.site()):
        assert intake.receive(factories.batch(each), "phantom.png", drawn).study.synthetic


def test_a_patients_film_is_refused_at_a_demo_site(db):
    there = factories.batch(factories.site(demo=True))
    assert outcome(intake.receive(there, "film.png", films.png())) == ("rejected", "phantoms_only")
    assert not Study.objects.exists()


def test_a_late_stat_image_reopens_a_signed_study_as_stat(db):
    site = factories.site()
    first = intake.receive(factories.batch(site), "a.dcm", films.dicom(1, study_uid="1.2.9"))
    factories.read(first.study, factories.radiologist(site))
    intake.receive(factories.batch(site, priority=0), "b.dcm", films.dicom(2, study_uid="1.2.9"))
    first.study.refresh_from_db()
    assert (first.study.status, first.study.priority) == ("received", 0)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a\x00b.jpg", "a\ufffdb.jpg"),
        ("gpj\u202e.exe", "gpj\ufffd.exe"),
        ("x" * 300 + ".jpg", "x" * 251 + ".jpg"),
        ("bad\udcff.jpg", "bad\ufffd.jpg"),
    ],
)
def test_a_hostile_name_is_shown_and_never_used(batch, sent, kept):
    assert intake.receive(batch, sent, films.jpeg()).name == kept


def test_header_text_longer_than_its_column_is_cut(batch):
    receipt = intake.receive(batch, "a.dcm", films.dicom(ReasonForStudy="x" * 1000, StudyDescription="y" * 300))
    assert outcome(receipt) == ("accepted", "")
    assert len(receipt.study.clinical_question) == 500


def test_an_entry_of_an_archive_taken_twice_keeps_its_first_receipt(batch):
    from screening.models import Job

    job = Job.objects.create(kind="archive", batch=batch)
    first = intake.receive(batch, "a.zip/a.jpg", films.jpeg(), job=job, entry=3)
    again = intake.receive(batch, "a.zip/a.jpg", films.jpeg(), job=job, entry=3)
    assert again == first
    assert Receipt.objects.count() == 1


def test_a_fault_of_ours_in_one_file_is_answered_and_logged_without_its_words(batch, monkeypatch, caplog):
    def broken(*_, **__):
        raise ValueError("Doe^Jane")

    monkeypatch.setattr(intake.filing, "_new_image", broken)
    assert outcome(intake.receive(batch, "a.jpg", films.jpeg())) == ("rejected", "internal_error")
    assert "ValueError" in caplog.text
    assert "Doe" not in caplog.text


def test_a_full_disk_stores_nothing_and_heals_by_itself(batch, stored, monkeypatch):
    real = keeping._sync
    calls = []

    def full(name):
        calls.append(name)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(name)

    monkeypatch.setattr(keeping, "_sync", full)
    with pytest.raises(keeping.StorageFull):
        intake.receive(batch, "a.jpg", films.jpeg())
    assert stored() == 0
    assert not Receipt.objects.exists()
    assert not Study.objects.exists()
    assert outcome(intake.receive(batch, "a.jpg", films.jpeg())) == ("accepted", "")


def test_a_failed_transaction_takes_its_files_with_it(batch, stored, monkeypatch):
    monkeypatch.setattr(intake.filing.queue, "enqueue", lambda images: 1 / 0)
    assert outcome(intake.receive(batch, "a.jpg", films.jpeg())) == ("rejected", "internal_error")
    assert stored() == 0


def test_a_connection_lost_in_a_transaction_leaves_the_files_for_rows_that_may_be_there(batch, stored, monkeypatch):
    def away(*_, **__):
        raise intake.OperationalError("the database is away")

    monkeypatch.setattr(intake.filing.queue, "enqueue", away)
    with pytest.raises(intake.OperationalError):
        intake.receive(batch, "a.jpg", films.jpeg())
    assert stored() == 4  # and the note that lets the sweep look for the rows
    assert not Study.objects.exists()


def test_every_reason_of_the_decoder_has_an_outcome_and_a_sentence():
    import re
    from pathlib import Path

    import ml.pixels

    sources = "".join(path.read_text() for path in Path(ml.pixels.__file__).parent.glob("*.py"))
    codes = set(re.findall(r'Unreadable\(\s*"([a-z_]+)"', sources))
    assert codes
    assert codes <= set(reasons.REASONS)
