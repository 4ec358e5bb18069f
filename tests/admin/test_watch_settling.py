"""A watched folder looked at by hand, on a clock of the test's: what has come to rest."""

import os

import pytest

from screening.watch_folder import Folder


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def folder(tmp_path, clock):
    return Folder(tmp_path, 5, clock)


def resting(folder):
    return [each.name for each in folder.look()[0]]


def test_a_file_rests_once_it_was_seen_unchanged_for_long_enough(folder, clock):
    (folder.root / "a").write_bytes(b"1")
    assert resting(folder) == []
    clock.now = 4.9
    assert resting(folder) == []
    clock.now = 5
    assert resting(folder) == ["a"]


@pytest.mark.parametrize("change", ["grows", "is written over", "is replaced"])
def test_a_file_that_changes_begins_anew(folder, clock, change):
    path = folder.root / "a"
    path.write_bytes(b"1")
    folder.look()
    clock.now = 4
    if change == "grows":
        path.write_bytes(b"12")
    elif change == "is written over":
        os.utime(path, ns=(1, 1))
    else:
        about = path.stat()
        (folder.root / ".new").write_bytes(b"2")
        os.utime(folder.root / ".new", ns=(about.st_atime_ns, about.st_mtime_ns))
        (folder.root / ".new").replace(path)
    clock.now = 6
    assert resting(folder) == []
    clock.now = 11
    assert resting(folder) == ["a"]


def test_a_file_of_a_clock_that_goes_wrong_rests_by_ours(folder, clock):
    (folder.root / "a").write_bytes(b"1")
    os.utime(folder.root / "a", (4_000_000_000, 4_000_000_000))
    folder.look()
    clock.now = 5
    assert resting(folder) == ["a"]


def test_the_oldest_comes_first(folder, clock):
    for number, name in enumerate("cab"):
        (folder.root / name).write_bytes(b"1")
        os.utime(folder.root / name, (number, number))
    folder.look()
    clock.now = 5
    assert resting(folder) == ["c", "a", "b"]


def test_what_lies_in_done_and_rejected_is_not_seen_and_a_sub_folder_of_that_name_is(folder, clock):
    for name in ("done/x", "rejected/y", "ward/done/z"):
        (folder.root / name).parent.mkdir(parents=True)
        (folder.root / name).write_bytes(b"1")
    folder.look()
    clock.now = 5
    assert resting(folder) == ["ward/done/z"]


def test_an_empty_sub_folder_goes_once_it_rests_and_not_before(folder, clock):
    (folder.root / "study").mkdir()
    folder.look()
    folder.remove_empty()
    assert (folder.root / "study").is_dir()
    clock.now = 5
    folder.look()
    folder.remove_empty()
    assert not (folder.root / "study").exists()
