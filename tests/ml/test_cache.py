import pytest

from ml.runtime import cache


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.FOLDER, str(tmp_path / "cache"))
    cache.root.cache_clear()
    yield tmp_path / "cache"
    cache.root.cache_clear()


def writer(text, calls):
    def make(draft):
        calls.append(text)
        (draft / "graph").write_text(text)

    return make


def test_what_was_made_once_is_found_again(root):
    calls = []
    for _ in range(2):
        assert (cache.folder("key", writer("a", calls)) / "graph").read_text() == "a"
    assert calls == ["a"]
    assert [path.name for path in root.iterdir()] == ["key"]


@pytest.mark.parametrize("damage", ["cut", "changed", "sums", "emptied"])
def test_a_damaged_entry_is_made_anew(root, damage):
    found = cache.folder("key", writer("whole", []))
    if damage == "sums":
        (found / cache.SUMS).write_text("{")
    elif damage == "emptied":
        (found / "graph").unlink()
    else:
        (found / "graph").write_text({"cut": "wh", "changed": "other"}[damage])
    assert (cache.folder("key", writer("anew", [])) / "graph").read_text() == "anew"
    assert [path.name for path in root.iterdir()] == ["key"]


def test_the_first_of_two_that_race_wins_and_both_go_on(root):
    def slower(draft):
        (draft / "graph").write_text("slower")
        cache.folder("key", writer("faster", []))

    assert (cache.folder("key", slower) / "graph").read_text() == "faster"
    assert [path.name for path in root.iterdir()] == ["key"]


def test_what_could_not_be_made_leaves_nothing(root):
    def fails(draft):
        (draft / "graph").write_text("half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache.folder("key", fails)
    assert not list(root.iterdir())


def test_a_folder_that_cannot_be_written_is_replaced_by_one_of_this_process(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.FOLDER, str(tmp_path / "file" / "below"))
    found = cache.folder("key", writer("a", []))
    assert (found / "graph").read_text() == "a"
    assert tmp_path not in found.parents
