"""`manage.py watch`: what is laid into a folder is taken, and put where its answer belongs."""

import os
import socket

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from screening import intake, keeping, moving, sandbox
from screening.models import Batch, Heartbeat, Image, Priority, Receipt, Study
from screening.watch_folder import Folder
from tests import factories
from tests.intake import films
from tests.intake.conftest import media, stored  # noqa: F401
from workers import dispatch, patience, watch_taking
from workers.watching import Watch

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Threads would not see this test's transaction."""
    monkeypatch.setattr(sandbox, "CHILDREN", 1)


@pytest.fixture(autouse=True)
def rung(monkeypatch):
    rings = []
    monkeypatch.setattr(dispatch, "ring", rings.extend)
    return rings


@pytest.fixture(autouse=True)
def home(db):
    factories.active_model()
    factories.site("demo", demo=True)
    return factories.site("ward")


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "watched"
    path.mkdir()
    return path


def lay(folder, name, data):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def watch(folder, *arguments):
    call_command("watch", str(folder), "--once", "--settle", "0", *map(str, arguments))


def lying(folder):
    """{place: {names below its day}} of all files, the lock aside."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != ".firstread.lock":
            place, *rest = path.relative_to(folder).parts
            found.setdefault(place if rest else "", set()).add("/".join(rest[1:]) or place)
    return found


def test_films_archives_and_companions_go_to_done(folder, rung):
    lay(folder, "a.jpg", films.jpeg(1))
    lay(folder, "study one/b.dcm", films.dicom(2))
    lay(folder, "cd.zip", films.archive({"in/c.png": films.png(3), "README.txt": b"hello"}))
    lay(folder, "notes.txt", b"hello")
    watch(folder)
    assert lying(folder) == {"done": {"a.jpg", "study one/b.dcm", "cd.zip", "notes.txt"}}
    assert Image.objects.count() == len(rung) == 3
    assert sorted(Receipt.objects.values_list("name", "outcome")) == [
        ("a.jpg", "accepted"), ("cd.zip/README.txt", "skipped"), ("cd.zip/in/c.png", "accepted"),
        ("notes.txt", "skipped"), ("study one/b.dcm", "accepted"),
    ]  # fmt: skip


def test_a_rejected_file_lies_beside_its_sentence_and_code(folder):
    lay(folder, "bad.jpg", films.truncated_jpeg())
    watch(folder)
    assert lying(folder) == {"rejected": {"bad.jpg", "bad.jpg.txt"}}
    (note,) = (folder / "rejected").rglob("*.txt")
    receipt = Receipt.objects.get()
    assert note.read_text() == f"bad.jpg: {receipt.sentence} (truncated)\n"


def test_an_archive_with_a_bad_entry_is_among_the_rejected_and_its_note_names_that_entry_alone(folder):
    lay(folder, "cd.zip", films.archive({"good.jpg": films.jpeg(1), "bad.jpg": films.truncated_jpeg()}))
    watch(folder)
    (note,) = (folder / "rejected").rglob("*.txt")
    assert note.name == "cd.zip.txt"
    assert note.read_text().startswith("cd.zip/bad.jpg: ")
    assert "good" not in note.read_text()
    assert Image.objects.count() == 1


def test_a_bad_archive_is_rejected_as_one_file(folder):
    lay(folder, "cd.zip", films.archive({"a.jpg": films.jpeg(1)})[:-30])
    watch(folder)
    assert lying(folder) == {"rejected": {"cd.zip", "cd.zip.txt"}}
    assert Receipt.objects.get().reason == "bad_archive"


def test_a_duplicate_goes_to_done_and_its_name_gets_a_number(folder):
    for _ in range(3):
        lay(folder, "a.jpg", films.jpeg(1))
        watch(folder)
    assert lying(folder) == {"done": {"a.jpg", "a-2.jpg", "a-3.jpg"}}
    assert sorted(Receipt.objects.values_list("outcome", flat=True)) == ["accepted", "duplicate", "duplicate"]


def test_two_rejected_files_of_one_name_keep_a_note_each(folder):
    for _ in range(2):
        lay(folder, "bad.jpg", films.truncated_jpeg())
        watch(folder)
    assert lying(folder) == {"rejected": {"bad.jpg", "bad.jpg.txt", "bad-2.jpg", "bad-2.jpg.txt"}}


def test_a_rejected_file_never_takes_the_name_of_another_ones_note(folder):
    lay(folder, "bad.jpg.txt", b"\x89PNG\r\n\x1a\nbroken")
    lay(folder, "bad.jpg", films.truncated_jpeg())
    watch(folder)
    kept = sorted(path.name for path in folder.rglob("*") if path.is_file() and path.suffix == ".jpg")
    assert len(kept) == 1
    assert sum(path.read_bytes().startswith(b"\x89PNG") for path in folder.rglob("*") if path.is_file()) == 1


def test_hidden_and_unfinished_files_are_left(folder):
    for name in (".hidden.jpg", "a.jpg.tmp", "b.PART", "c.filepart", ".folder/d.jpg"):
        lay(folder, name, films.jpeg(1))
    watch(folder)
    assert not Receipt.objects.exists()
    assert len(list(folder.rglob("*"))) == 5 + 1 + 1 + 2  # the five, .folder, the lock, done and rejected


def test_links_pipes_and_sockets_are_never_opened(folder, tmp_path):
    lay(tmp_path, "elsewhere/secret.jpg", films.jpeg(1))
    (folder / "link.jpg").symlink_to(tmp_path / "elsewhere" / "secret.jpg")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(folder / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket"))
        watch(folder)
    assert not Receipt.objects.exists()
    assert (tmp_path / "elsewhere" / "secret.jpg").exists()


def test_a_file_that_becomes_a_link_after_it_was_seen_is_not_opened(folder, tmp_path):
    secret = lay(tmp_path, "secret.jpg", films.jpeg(1))
    laid = lay(folder, "a.jpg", films.jpeg(2))
    (found,), *_ = Folder(folder, 0).look()
    laid.unlink()
    laid.symlink_to(secret)
    with pytest.raises(OSError):
        found.open()


def test_the_batch_is_the_hours_and_a_new_start_goes_on_with_it(folder):
    for seed in (1, 2):
        lay(folder, f"{seed}.jpg", films.jpeg(seed))
        watch(folder, "--priority", "urgent", "--age-group", "1_to_5")
    batch = Batch.objects.get()
    assert (batch.source, batch.priority, batch.age_group) == ("watch", Priority.URGENT, "1_to_5")
    assert batch.name.startswith("Watch folder, ")
    assert batch.receipts.count() == 2
    assert set(Study.objects.values_list("priority", flat=True)) == {Priority.URGENT}


def test_a_cancelled_batch_gets_no_more_files(folder):
    lay(folder, "1.jpg", films.jpeg(1))
    watch(folder)
    Batch.objects.update(state=Batch.State.CANCELLED)
    lay(folder, "2.jpg", films.jpeg(2))
    watch(folder)
    assert sorted(Batch.objects.values_list("state", flat=True)) == ["cancelled", "open"]


def test_killed_between_storing_and_moving_the_file_is_taken_again_as_a_duplicate(folder, monkeypatch):
    lay(folder, "a.jpg", films.jpeg(1))
    with monkeypatch.context() as killed:
        killed.setattr(moving, "put", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            watch(folder)
    assert lying(folder) == {"": {"a.jpg"}}
    watch(folder)
    assert lying(folder) == {"done": {"a.jpg"}}
    assert sorted(Receipt.objects.values_list("outcome", flat=True)) == ["accepted", "duplicate"]


@pytest.mark.parametrize("trouble", [keeping.StorageFull, keeping.StorageAway, OperationalError])
def test_a_full_disk_or_a_missing_database_is_waited_for(folder, monkeypatch, trouble, caplog):
    lay(folder, "Doe^Jane.jpg", films.jpeg(1))
    monkeypatch.setattr(patience, "PAUSE_S", 0)
    monkeypatch.setattr(patience.connection, "close", lambda: None)  # this test's transaction lives in it
    receive, calls = intake.receive, []

    def first_not(*arguments, **more):
        calls.append(1)
        if len(calls) < 3:
            raise trouble
        return receive(*arguments, **more)

    monkeypatch.setattr(intake, "receive", first_not)
    watch(folder)
    assert lying(folder) == {"done": {"Doe^Jane.jpg"}}
    assert Receipt.objects.count() == 1
    assert len([line for line in caplog.records if "the files wait" in line.message]) == 1
    assert "Doe" not in caplog.text


def test_a_file_that_cannot_be_read_is_told_of_once_without_its_name_and_stops_no_other(folder, monkeypatch, caplog):
    lay(folder, "Doe^Jane.jpg", films.jpeg(1))
    lay(folder, "b.jpg", films.jpeg(2))
    real = os.open

    def closed(path, *arguments, **more):
        if str(path).endswith("Doe^Jane.jpg"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *arguments, **more)

    monkeypatch.setattr(os, "open", closed)
    monkeypatch.setattr(watch_taking, "LATER_S", 0)
    watched = Folder(folder, 0)
    with watched.alone():
        each = Watch(watched, factories.site(), Priority.ROUTINE)
        each.round()
        each.round()
    assert lying(folder) == {"": {"Doe^Jane.jpg"}, "done": {"b.jpg"}}
    assert caplog.text.count("cannot be read (Permission denied)") == 1
    assert "Doe" not in caplog.text


def test_a_file_that_was_taken_and_cannot_be_moved_is_moved_later_and_not_taken_again(folder, monkeypatch, caplog):
    lay(folder, "Doe^Jane.jpg", films.jpeg(1))
    monkeypatch.setattr(watch_taking, "LATER_S", 0)
    watched = Folder(folder, 0)
    with watched.alone():
        each = Watch(watched, factories.site(), Priority.ROUTINE)
        with monkeypatch.context() as closed:
            closed.setattr(moving, "put", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
            each.round()
            each.round()
        assert lying(folder) == {"": {"Doe^Jane.jpg"}}
        each.round()
    assert lying(folder) == {"done": {"Doe^Jane.jpg"}}
    assert Receipt.objects.get().outcome == "accepted"
    assert "Doe" not in caplog.text


def test_a_file_that_changed_while_it_was_taken_stays_for_the_next_round(folder, monkeypatch):
    laid = lay(folder, "a.jpg", films.jpeg(1))
    receive = intake.receive

    def and_then_written(*arguments, **more):
        receipt = receive(*arguments, **more)
        laid.write_bytes(films.jpeg(2))
        return receipt

    with monkeypatch.context() as during:
        during.setattr(intake, "receive", and_then_written)
        watched = Folder(folder, 0)
        with watched.alone():
            Watch(watched, factories.site(), Priority.ROUTINE).round()
    assert lying(folder) == {"": {"a.jpg"}}


def test_sub_folders_that_are_empty_are_removed_and_others_stay(folder):
    lay(folder, "study/series/a.dcm", films.dicom(1))
    lay(folder, "other/b.part", b"still coming")
    (folder / "bare").mkdir()
    watched = Folder(folder, 0)
    with watched.alone():
        each = Watch(watched, factories.site(), Priority.ROUTINE)
        for _ in range(4):
            each.round()
    assert sorted(path.name for path in folder.iterdir()) == [".firstread.lock", "done", "other", "rejected"]


def test_a_second_watcher_of_a_folder_ends_with_a_sentence(folder):
    with Folder(folder, 0).alone(), pytest.raises(CommandError, match=r"Another .*watch. has"):
        watch(folder)


@pytest.mark.parametrize("name", ["done", "rejected"])
def test_done_and_rejected_may_be_no_links(folder, tmp_path, name):
    (folder / name).symlink_to(tmp_path)
    with pytest.raises(CommandError, match="is a link"):
        watch(folder)


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(CommandError, match="cannot be used"):
        watch(tmp_path / "gone")


def test_a_name_of_255_bytes_still_gets_its_note(folder):
    name = "ä" * 125 + "x.jpg"
    lay(folder, name, films.truncated_jpeg())
    watch(folder)
    kept = lying(folder)["rejected"]
    assert len(kept) == 2
    assert {each.removesuffix(".txt") for each in kept} == {min(kept, key=len)}


def test_a_name_that_is_no_utf_8_is_taken(folder):
    path = os.path.join(os.fsencode(folder), b"\xff\xfe.jpg")  # noqa: PTH118
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(films.jpeg(1))
    watch(folder)
    assert Receipt.objects.get().outcome == "accepted"
    assert not os.path.exists(path)  # noqa: PTH110


def test_a_watch_that_lives_gives_a_sign_of_life_and_takes_it_along(folder):
    watched = Folder(folder, 0)
    with watched.alone():
        each = Watch(watched, factories.site(), Priority.ROUTINE)
        each.round()
        assert Heartbeat.objects.get().kind == "watch"
        each.stop()
        each.run(0)
    assert not Heartbeat.objects.exists()
