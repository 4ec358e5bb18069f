"""`manage.py ingest`: files, folders and ZIPs from the command line."""

import json

import pytest
from django.core.management import CommandError, call_command

from screening import intake, keeping, sandbox
from screening.models import Batch, Image, Priority, Receipt, Site
from tests import factories
from tests.intake import films
from webportal.management.commands import ingest
from workers import dispatch

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Threads would not see this test's transaction."""
    monkeypatch.setattr(sandbox, "CHILDREN", 1)


@pytest.fixture(autouse=True)
def rung(monkeypatch):
    rings = []
    monkeypatch.setattr(dispatch, "ring", rings.extend)
    return rings


@pytest.fixture
def home(db):
    factories.active_model()
    factories.site("demo", demo=True)
    return factories.site("ward")


@pytest.fixture
def folder(tmp_path):
    """Two films, a bad one, a companion, and a ZIP with a film and a folder."""
    sent = tmp_path / "sent"
    (sent / "deep").mkdir(parents=True)
    (sent / "a.jpg").write_bytes(films.jpeg(1))
    (sent / "bad.jpg").write_bytes(films.truncated_jpeg())
    (sent / "deep" / "b.dcm").write_bytes(films.dicom(2))
    (sent / "README.txt").write_bytes(b"hello")
    (sent / "more.zip").write_bytes(films.archive({"in/": b"", "in/c.png": films.png(3)}))
    return sent


def run(capsys, *arguments):
    """(exit code, objects on stdout by their file's last part, what stderr said)."""
    code = 0
    try:
        call_command("ingest", *map(str, arguments))
    except SystemExit as stopped:
        code = stopped.code
    out, err = capsys.readouterr()
    found = [json.loads(line) for line in out.splitlines()]
    return code, {each["file"].rpartition("sent/")[2]: each for each in found}, err


def test_a_folder_gives_one_object_a_file(home, folder, capsys):
    code, found, said = run(capsys, folder)
    assert code == 0
    assert {file: (each["outcome"], each["reason"]) for file, each in found.items()} == {
        "README.txt": ("skipped", "companion"),
        "a.jpg": ("accepted", ""),
        "bad.jpg": ("rejected", "truncated"),
        "more.zip/in/": ("skipped", "directory"),
        "more.zip/in/c.png": ("accepted", ""),
        "deep/b.dcm": ("accepted", ""),
    }
    assert "6 files for Site ward: 3 accepted, 1 rejected, 2 skipped." in said
    assert "every study must be read" in said


def test_an_object_has_exactly_the_promised_keys(home, folder, capsys):
    _, found, _ = run(capsys, folder / "a.jpg")
    (only,) = found.values()
    assert set(only) == {"file", "outcome", "reason", "study", "image", "probability", "band", "model"}
    assert only["image"] == str(Image.objects.get().pk)


def test_a_second_run_reports_duplicates_with_their_answers(home, folder, capsys):
    run(capsys, folder / "a.jpg")
    factories.screened(Image.objects.get().study, 0.9)
    _, found, _ = run(capsys, folder / "a.jpg")
    (only,) = found.values()
    assert (only["outcome"], only["reason"], only["band"]) == ("duplicate", "same_file", "likely")
    assert only["probability"] == pytest.approx(0.9)
    assert only["model"].startswith("stub 1")


def test_the_names_on_the_receipts_start_with_the_folder_that_was_given(home, folder, capsys):
    run(capsys, folder)
    assert {"sent/a.jpg", "sent/deep/b.dcm", "sent/more.zip/in/c.png"} <= set(
        Receipt.objects.values_list("name", flat=True)
    )


def test_the_batch_belongs_to_the_site_and_class_that_were_said(home, folder, capsys):
    other = factories.site("other")
    run(capsys, folder, "--site", "other", "--priority", "stat")
    batch = Batch.objects.get()
    assert (batch.site, batch.priority, batch.source) == (other, Priority.STAT, "command")


def test_every_accepted_film_is_rung_for(home, folder, capsys, rung):
    run(capsys, folder)
    assert len(rung) == 3


def test_without_a_site_the_only_one_that_is_no_demo_is_taken_and_of_several_none(home, folder):
    factories.site("other")
    with pytest.raises(CommandError, match=r"--site CODE\. Sites: demo, other, ward"):
        call_command("ingest", str(folder))
    assert not Batch.objects.exists()


def test_an_unknown_site_is_a_sentence_that_names_the_known_ones(home, folder):
    with pytest.raises(CommandError, match=r"There is no site warf\. Sites: demo, ward"):
        call_command("ingest", str(folder), "--site", "warf")


def test_a_path_that_is_not_there_fails_alone_and_by_the_exit_code(home, folder, capsys):
    code, found, said = run(capsys, folder / "gone.jpg", folder / "a.jpg")
    assert code == 1
    assert (found["gone.jpg"]["outcome"], found["gone.jpg"]["reason"]) == ("error", "missing")
    assert found["a.jpg"]["outcome"] == "accepted"
    assert "1 not tried" in said


def test_a_bad_archive_is_one_rejected_file(home, folder, capsys):
    (folder / "more.zip").write_bytes(films.archive({"a.jpg": films.jpeg(1)})[:-30])
    code, found, _ = run(capsys, folder / "more.zip")
    assert (code, found["more.zip"]["reason"]) == (0, "bad_archive")


def test_a_full_disk_is_said_and_the_exit_code_is_not_0(home, folder, capsys, monkeypatch):
    monkeypatch.setattr(keeping, "_sync", lambda name: (_ for _ in ()).throw(OSError(28, "No space left")))
    code, found, _ = run(capsys, folder / "a.jpg")
    assert (code, found["a.jpg"]["reason"]) == (1, "storage_full")


def test_objects_go_to_the_file_that_was_named(home, folder, capsys, tmp_path):
    run(capsys, folder, "--json", tmp_path / "out.json")
    assert len((tmp_path / "out.json").read_text().splitlines()) == 6


def test_a_file_that_cannot_be_written_is_told_before_anything_is_sent(home, folder, tmp_path):
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("ingest", str(folder), "--json", str(tmp_path))
    assert not Batch.objects.exists()


def test_waiting_ends_when_every_film_is_screened(home, folder, capsys, monkeypatch):
    def work(seconds):
        factories.screened(Image.objects.get().study, 0.2)

    monkeypatch.setattr(ingest.time, "sleep", work)
    _, found, _ = run(capsys, folder / "a.jpg", "--wait")
    assert found["a.jpg"]["band"] == "less_likely"


def test_waiting_without_a_worker_ends_with_a_sentence(home, folder, capsys, monkeypatch):
    monkeypatch.setattr(ingest, "NO_WORKER_S", 0)
    code, found, said = run(capsys, folder / "a.jpg", "--wait")
    assert (code, found["a.jpg"]["band"]) == (0, None)
    assert "no screening worker is alive" in said
    assert "on the worklist all the same" in said


def test_an_age_group_is_that_of_films_that_say_no_age(home, folder, capsys):
    run(capsys, folder, "--age-group", "1_to_5")
    assert Batch.objects.get().age_group == "1_to_5"
    assert Receipt.objects.get(name="sent/a.jpg").study.age_group == "1_to_5"


def test_a_dry_run_says_what_would_become_of_each_file_and_stores_nothing(home, folder, capsys, rung, stored):
    (folder / "again.jpg").write_bytes(films.jpeg(1))
    code, found, said = run(capsys, folder, "--dry-run")
    assert code == 0
    assert {file: each["outcome"] for file, each in found.items()} == {
        "README.txt": "skipped", "a.jpg": "accepted", "again.jpg": "duplicate", "bad.jpg": "rejected",
        "more.zip/in/": "skipped", "more.zip/in/c.png": "accepted", "deep/b.dcm": "accepted",
    }  # fmt: skip
    assert "A dry run: nothing was stored." in said
    assert not Image.objects.exists() and not rung and stored() == 0
    assert Batch.objects.get().state == "discarded"


def test_a_dry_run_that_is_cut_off_leaves_nothing_either(home, folder, monkeypatch, stored):
    def cut_off(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(ingest, "_write", cut_off)
    with pytest.raises(KeyboardInterrupt):
        call_command("ingest", str(folder), "--dry-run")
    assert Batch.objects.get().state == "discarded" and stored() == 0


def test_a_dry_run_has_nothing_to_wait_for(home, folder):
    with pytest.raises(CommandError, match="leave --wait out"):
        call_command("ingest", str(folder), "--dry-run", "--wait")


def test_a_manifest_is_read_before_the_films_wherever_it_lies(home, folder, capsys):
    (folder / "manifest.csv").write_text("file,patient,priority\na.jpg,P1,stat\ndeep/b.dcm,,urgent\n")
    _, found, _ = run(capsys, folder)
    assert found["manifest.csv"]["outcome"] == "skipped"
    a, b = (Receipt.objects.get(name=name).study for name in ("sent/a.jpg", "sent/deep/b.dcm"))
    assert (a.patient_id, a.priority, b.priority) == ("P1", Priority.STAT, Priority.URGENT)


def test_a_bad_row_is_said_and_its_film_alone_is_rejected(home, folder, capsys):
    (folder / "manifest.csv").write_text("file,priority\na.jpg,soon\ndeep/b.dcm,urgent\n")
    code, found, said = run(capsys, folder)
    assert code == 0
    assert (found["a.jpg"]["reason"], found["deep/b.dcm"]["outcome"]) == ("manifest_row", "accepted")
    assert "priority" in said


def test_a_manifest_that_cannot_be_read_stops_before_anything_is_sent(home, folder):
    (folder / "manifest.csv").write_bytes(b"no,column,called,so\n")
    with pytest.raises(CommandError, match="must name the columns"):
        call_command("ingest", str(folder))
    assert not Image.objects.exists()


def test_every_folder_may_have_a_manifest_of_its_own(home, folder, capsys):
    (folder / "deep" / "a.jpg").write_bytes(films.jpeg(7))
    (folder / "manifest.csv").write_text("file,patient\na.jpg,P1\n")
    (folder / "deep" / "manifest.csv").write_text("file,patient\na.jpg,P2\n")
    run(capsys, folder)
    found = dict(Receipt.objects.filter(name__endswith="a.jpg").values_list("name", "study__patient_id"))
    assert found == {"sent/a.jpg": "P1", "sent/deep/a.jpg": "P2"}


@pytest.fixture
def listed(folder):
    """A ZIP with its manifest at the end, which has no say about the film of that name outside."""
    packed = {"a.jpg": films.jpeg(8), "manifest.csv": b"file,patient\na.jpg,P1\n"}
    (folder / "0.zip").write_bytes(films.archive(packed))
    return folder


def test_a_manifest_in_a_zip_is_read_before_its_films_and_holds_for_them_alone(home, listed, capsys):
    run(capsys, listed)
    found = dict(Receipt.objects.filter(name__endswith="a.jpg").values_list("name", "study__patient_id"))
    assert found == {"sent/0.zip/a.jpg": "P1", "sent/a.jpg": ""}
    assert Batch.objects.count() == 2


def test_the_manifest_of_the_folder_holds_for_a_zip_without_one(home, folder, capsys):
    (folder / "manifest.csv").write_text("file,patient\nmore.zip/in/c.png,P3\n")
    run(capsys, folder)
    assert Receipt.objects.get(name="sent/more.zip/in/c.png").study.patient_id == "P3"
    assert Batch.objects.count() == 1


def test_a_dry_run_discards_the_batch_of_a_zip_too(home, listed, capsys, stored):
    _, found, _ = run(capsys, listed, "--dry-run")
    assert found["0.zip/a.jpg"]["outcome"] == "accepted"
    assert set(Batch.objects.values_list("state", flat=True)) == {"discarded"} and stored() == 0


def test_where_the_manifest_of_a_zip_cannot_be_tried_none_of_its_films_is(home, listed, capsys, monkeypatch):
    take = ingest.take_entry

    def full(archive, entry, *arguments):
        if entry.is_manifest:
            raise keeping.StorageFull
        return take(archive, entry, *arguments)

    monkeypatch.setattr(ingest, "take_entry", full)
    code, found, _ = run(capsys, listed)
    assert (code, found["0.zip/a.jpg"]["reason"], found["a.jpg"]["outcome"]) == (1, "storage_full", "accepted")


def test_a_site_that_is_told_to_de_identify_meanwhile_does_so_from_the_next_film_on(home, folder, capsys, monkeypatch):
    real = intake.receive

    def receive(*args, **named):
        receipt = real(*args, **named)
        Site.objects.filter(batches__receipts__outcome="accepted").update(deidentify=True)
        return receipt

    monkeypatch.setattr(intake, "receive", receive)
    run(capsys, folder, "--site", "ward")
    taken = Image.objects.values_list("deidentified", flat=True)
    assert sorted(taken) == [False, True, True]
