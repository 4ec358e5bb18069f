"""Read films leave for training: labels, keys, and nothing that names a patient; the same command goes on."""

import csv
import json
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image as Picture
from PIL.PngImagePlugin import PngInfo

from ml import data, pixels
from screening import pseudonyms, reading
from screening.models import Event
from tests.intake.conftest import media  # noqa: F401

NAMED = {"patient_name": "Meier^Anna", "accession": "ACC-7781", "study_uid": "1.2.840.99.7781"}


@pytest.fixture(autouse=True)
def key_of_its_own(settings, tmp_path):
    settings.VAR = tmp_path / "var"
    settings.VAR.mkdir()


@pytest.fixture
def out(tmp_path):
    return tmp_path / "export"


@pytest.fixture
def signed(factories, home, reader):
    """A function: a study of `patient`, read by the real moves; each has a picture of its own."""
    seeds = iter(range(1000))

    def sign(patient="P1", finding="present", score=None, images=1, at=None, **fields):
        study = factories.study(at or home, images=0, patient_id=patient, **fields)
        for _ in range(images):
            factories.image(study, seed=next(seeds))
        if score is not None:
            factories.screened(study, score)
        return factories.read(study, reader, finding)

    return sign


def export(out, *options):
    said = StringIO()
    call_command("export_dataset", "--out", str(out), *options, stdout=said)
    return said.getvalue()


def rows(out):
    with (out / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_read_films_leave_with_what_a_trainer_needs(out, signed, model):
    signed("P1", "present", 0.9, age_years=3.7)
    signed("P2", "absent", age_years=93)
    said = export(out)
    sick, well = sorted(rows(out), key=lambda row: row["finding"], reverse=True)
    assert (sick["label"], sick["age_years"], sick["seen_ai"], sick["band_at_reading"]) == (
        "PNEUMONIA", "3", "yes", "likely",
    )  # fmt: skip
    assert sick["model_version"] == str(model)
    assert (well["label"], well["age_years"], well["seen_ai"], well["band_at_reading"]) == ("NORMAL", "90", "no", "")
    assert "2 films of 2 patients: 1 PNEUMONIA, 1 NORMAL. 1 were read without an AI score." in said


def test_the_trainer_reads_it_and_keeps_a_patient_on_one_side(out, signed):
    for number in range(6):
        signed(f"P{number}", "present", images=2)
        signed(f"P{number}", "present")
        signed(f"N{number}", "absent")
    export(out)
    samples = data.load(out)
    assert len(samples) == 24 and len({sample.patient for sample in samples}) == 12
    training, validation = data.split(samples, 0.3, seed=1)
    assert not {s.patient for s in training} & {s.patient for s in validation}
    assert data.render(samples[:2], 32)[0].shape == (2, 32, 32)


def test_nothing_of_the_patient_or_the_ledger_is_in_the_folder(out, signed, home, reader):
    study = signed("PID-4711", "present", score=None, **NAMED)
    export(out, "--site", "home")
    ids = [str(each.pk) for each in (study, study.images.get(), home, reader)]
    secret = ["Meier", "Anna", "4711", "7781", home.code, home.name, reader.username]
    secret += [part for each in ids for part in (each[:13], each.replace("-", "")[:12])]
    everything = b"".join(path.read_bytes() + path.name.encode() for path in out.rglob("*") if path.is_file())
    assert [each for each in secret if each.encode() in everything] == []


def test_a_film_is_the_picture_that_the_model_gets_without_anything_else(out, signed, media):  # noqa: F811
    name = signed().images.get().model_input.name
    said = PngInfo()
    said.add_text("Comment", "Meier^Anna")
    with Picture.open(media / name) as rendition:
        served = np.asarray(rendition)
    Picture.fromarray(served).save(media / name, pnginfo=said)
    export(out)
    written = next((out / "films").iterdir()).read_bytes()
    assert (pixels.model_grey(pixels.read(written)) == served).all()
    assert [written[at : at + 4] for at in _chunks(written)] == [b"IHDR", *[b"IDAT"] * written.count(b"IDAT"), b"IEND"]


def _chunks(png):
    at = 8
    while at < len(png):
        yield at + 4
        at += 12 + int.from_bytes(png[at : at + 4], "big")


def test_what_has_no_usable_finding_stays_and_is_counted(out, signed, factories, home, sender):
    kept = signed("P1")
    signed("P2", "indeterminate")
    signed("P3", "inadequate")
    signed("")
    factories.image(kept, seed=900, view="LATERAL", gate="lateral")
    factories.study(home, patient_id="P4")
    factories.withdrawn(factories.study(home, patient_id="P5"), sender)
    signed("P6", synthetic=True)
    said = export(out)
    assert len(rows(out)) == 1
    assert (
        "Left out: 1 lateral images, 1 studies read as indeterminate, 1 studies read as technically inadequate, "
        "1 studies without a patient ID."
    ) in said


def test_a_study_that_a_late_image_reopened_stays_until_it_is_signed_again(out, signed, factories, reader):
    study = signed()
    signed("P2")
    factories.join(study, seed=77)
    export(out)
    assert len(rows(out)) == 1
    factories.read(study, reader, "absent")
    export(out)
    assert sorted(row["label"] for row in rows(out)) == ["NORMAL", "NORMAL", "PNEUMONIA"]


@pytest.mark.django_db(transaction=True)
def test_an_addendum_corrects_the_label_and_the_ai_that_any_reader_saw_counts(out, signed, factories, reader, model):
    study = signed("P1", "absent")
    factories.screened(study, 0.9)
    reading.addend(study, reader, finding="present", comment="left base")
    export(out)
    (row,) = rows(out)
    assert (row["label"], row["seen_ai"], row["band_at_reading"]) == ("PNEUMONIA", "yes", "likely")


def test_a_film_outside_the_ages_was_read_without_a_score(out, signed, model):
    signed("P1", score=0.9, age_years=40)
    export(out)
    assert (rows(out)[0]["seen_ai"], rows(out)[0]["band_at_reading"]) == ("no", "uncertain")


def test_unseen_leaves_out_what_was_read_with_a_score(out, signed, model):
    signed("P1", score=0.9)
    signed("P2")
    assert "1 studies read with an AI score" in export(out, "--unseen")
    assert [row["seen_ai"] for row in rows(out)] == ["no"]


def test_what_was_asked_for_leaves_alone(out, signed, factories, home, reader):
    away = factories.site("away")
    reader.sites.add(away)
    signed("P1")
    signed("P2", "absent")
    signed("P3", at=away)
    export(out, "--site", "home", "--finding", "present")
    assert len(rows(out)) == 1
    with pytest.raises(CommandError, match="nothing to export"):
        export(out.with_name("other"), "--until", "2001-01-01")
    with pytest.raises(CommandError, match="no site nowhere"):
        export(out, "--site", "nowhere")


def test_phantoms_and_films_without_a_patient_leave_when_they_are_asked_for(out, signed):
    signed("", synthetic=True)
    signed("", "absent", synthetic=True)
    export(out, "--phantoms", "--study-as-patient")
    assert len({row["patient"] for row in rows(out)}) == 2


def test_patients_keep_their_keys_from_export_to_export_and_one_number_is_one_patient(out, signed, tmp_path):
    signed("p1 ")
    signed("P1", "absent")
    export(out)
    later = tmp_path / "later"
    export(later, "--finding", "present")
    assert {row["patient"] for row in rows(out)} == {row["patient"] for row in rows(later)}
    other = tmp_path / "other"
    export(other, "--key-file", str(tmp_path / "other.key"))
    assert len({row["patient"] for row in rows(other)}) == 1
    assert not {row["patient"] for row in rows(other)} & {row["patient"] for row in rows(out)}
    assert (tmp_path / "other.key").stat().st_mode & 0o777 == 0o600


def test_the_same_command_goes_on_and_takes_back_what_no_longer_belongs(out, signed, factories, reader):
    study = signed("P1")
    signed("P2")
    export(out)
    first = {path.name: path.stat().st_mtime_ns for path in (out / "films").iterdir()}
    (out / "films" / ("a" * 20 + ".png.draft")).write_bytes(b"half")
    signed("P3")
    factories.join(study, seed=77)  # it is on the worklist again, its finding does not count
    export(out)
    second = {path.name: path.stat().st_mtime_ns for path in (out / "films").iterdir()}
    assert len(second) == len(rows(out)) == 2
    assert len(first.items() & second.items()) == 1


def test_a_broken_off_export_has_no_manifest_and_is_finished_by_the_next(out, signed, monkeypatch):
    from screening.export_folder import ExportFolder

    signed("P1")
    signed("P2")
    real, calls = ExportFolder.add, []

    def dies(self, row, rendition):
        if calls:
            raise OSError(28, "No space left on device")
        calls.append(row)
        real(self, row, rendition)

    monkeypatch.setattr(ExportFolder, "add", dies)
    with pytest.raises(CommandError, match="No space left"):
        export(out)
    assert len(list((out / "films").iterdir())) == 1 and not (out / "manifest.csv").exists()
    monkeypatch.undo()
    export(out)
    assert len(rows(out)) == 2


def test_a_place_that_is_not_this_export_is_left_alone(out, signed, tmp_path):
    signed("P1")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("x")
    with pytest.raises(CommandError, match="holds other files"):
        export(foreign)
    assert [path.name for path in foreign.iterdir()] == ["thesis.txt"]
    export(out)
    with pytest.raises(CommandError, match="another key"):
        export(out, "--key-file", str(tmp_path / "other.key"))
    with pytest.raises(CommandError, match="of other films"):
        export(out, "--finding", "present")
    with pytest.raises(CommandError, match="is not a folder"):
        export(foreign / "thesis.txt")


def test_too_little_space_is_told_before_anything_is_written(out, signed, monkeypatch):
    from screening import export_folder

    signed("P1")
    monkeypatch.setattr(export_folder.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 1}))
    with pytest.raises(CommandError, match="make room"):
        export(out)
    assert not out.exists() and not Event.objects.filter(kind="export").exists()


def test_a_key_file_that_is_none_is_refused(out, signed, tmp_path):
    signed("P1")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(CommandError, match="holds no key of ours"):
        export(out, "--key-file", str(tmp_path / "notes.txt"))


def test_a_lost_rendition_is_named_and_left_out(out, signed, media):  # noqa: F811
    study = signed("P1")
    signed("P2")
    study.images.get().model_input.storage.delete(study.images.get().model_input.name)
    said = export(out)
    assert len(rows(out)) == 1 and "1 images whose rendition cannot be read" in said


def test_a_dry_run_says_what_would_leave_and_writes_nothing(out, signed, settings):
    signed("P1")
    assert "1 films of 1 patients" in export(out, "--dry-run")
    assert not out.exists() and not list(settings.VAR.iterdir()) and not Event.objects.filter(kind="export").exists()


def test_an_export_is_in_the_history_without_a_patient_in_it(out, signed, home):
    signed("PID-4711")
    export(out, "--site", "home")
    event = Event.objects.get(kind="export")
    assert (event.site_id, event.actor, event.detail["films"], event.detail["patients"]) == (home.pk, None, 1, 1)
    assert "4711" not in json.dumps(event.detail)


def test_an_export_that_died_before_its_first_film_is_known_again(out, signed):
    signed()
    out.mkdir()
    (out / "export.json.draft").write_text("{")
    export(out)
    assert len(rows(out)) > 0 and not (out / "export.json.draft").exists()


def test_two_first_exports_at_once_draw_one_key(tmp_path, monkeypatch):
    path, link = tmp_path / "key", pseudonyms.os.link

    def overtaken(draft, to):
        monkeypatch.setattr(pseudonyms.os, "link", link)
        first.append(pseudonyms.kept(path).key)
        link(draft, to)

    first = []
    monkeypatch.setattr(pseudonyms.os, "link", overtaken)
    assert [pseudonyms.kept(path).key] == first
    assert not list(tmp_path.glob("*.draft")) and path.stat().st_mode & 0o777 == 0o600
