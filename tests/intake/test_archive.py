"""ZIPs that a hospital sends, and ZIPs that nobody should."""

import io
import stat
import struct
import zipfile

import pytest

from screening import archive, sandbox
from screening.archive import Archive, BadArchive, take_entry
from tests.intake import films

GOOD = {"a.jpg": films.jpeg(1), "sub/b.png": films.png(2)}


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setattr(sandbox, "CHILDREN", 1)


def fault(packed):
    with pytest.raises(BadArchive) as caught:
        Archive(io.BytesIO(packed))
    return caught.value.code


def codes(packed):
    """{name: why the entry is not taken, or ""}, of entries as they are unpacked."""
    opened, found = Archive(io.BytesIO(packed)), {}
    for entry in opened.entries:
        found[entry.name] = entry.code
        if not entry.code:
            with opened.unpacked(entry) as (_, found[entry.name]):
                pass
    return found


def special(name, mode):
    info = zipfile.ZipInfo(name)
    info.external_attr = (mode | 0o644) << 16
    info.create_system = 3
    return info


def test_the_entries_come_out_with_their_numbers_names_and_bytes():
    opened = Archive(io.BytesIO(films.archive(GOOD)))
    assert [(entry.index, entry.name) for entry in opened.entries] == [(1, "a.jpg"), (2, "sub/b.png")]
    with opened.unpacked(opened.entries[0]) as (file, code):
        assert (file.read(), code) == (GOOD["a.jpg"], "")


def test_two_entries_of_one_name_are_told_apart_by_their_numbers():
    with pytest.warns(UserWarning, match="Duplicate name"):
        packed = films.archive([("a.jpg", films.jpeg(1)), ("a.jpg", films.jpeg(2))])
    assert [entry.index for entry in Archive(io.BytesIO(packed)).entries] == [1, 2]


def test_manifests_come_first_and_every_entry_keeps_its_number():
    packed = films.archive({"b.jpg": b"1", "sub/Manifest.CSV": b"2", "a.jpg": b"3", "manifest.csv": b"4"})
    found = Archive(io.BytesIO(packed)).entries
    assert [(entry.index, entry.name) for entry in found] == [
        (2, "sub/Manifest.CSV"), (4, "manifest.csv"), (1, "b.jpg"), (3, "a.jpg"),
    ]  # fmt: skip
    assert [[entry.index for entry in turn] for turn in archive.turns(found)] == [[2], [4], [1, 3]]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_devices_are_refused(kind):
    assert codes(films.archive([(special("x", kind), b"/etc/passwd")])) == {"x": "special_file"}


def test_an_encrypted_entry_is_refused():
    assert set(codes(films.encrypted(films.archive(GOOD))).values()) == {"encrypted"}


def test_another_method_than_deflate_is_refused():
    assert codes(films.archive({"a.jpg": films.jpeg()}, zipfile.ZIP_LZMA)) == {"a.jpg": "unsupported_method"}


def test_an_archive_in_an_archive_is_refused_and_never_opened():
    assert codes(films.archive({"inner.jpg": films.archive(GOOD)})) == {"inner.jpg": "nested_archive"}


def test_a_bomb_is_refused_before_it_is_unpacked():
    assert codes(films.archive({"a.dcm": bytes(3 * 2**20)})) == {"a.dcm": "suspicious_ratio"}


def test_an_entry_above_the_limit_of_a_file_is_refused(monkeypatch):
    monkeypatch.setattr(archive, "MAX_FILE_B", 1000)
    assert codes(films.archive({"a.jpg": films.jpeg()})) == {"a.jpg": "too_large"}


@pytest.mark.parametrize("declared", [100, 2**20 - 1])
def test_a_forged_size_costs_the_entry(declared):
    packed = films.forged_size(films.archive({"a.jpg": films.jpeg()}), declared)
    assert codes(packed) == {"a.jpg": "bad_entry"}


def test_a_damaged_entry_costs_no_other():
    packed = bytearray(films.archive(GOOD, zipfile.ZIP_STORED))
    packed[packed.find(GOOD["a.jpg"]) + 50] ^= 0xFF
    assert codes(bytes(packed)) == {"a.jpg": "bad_entry", "sub/b.png": ""}


def test_a_local_header_that_names_another_file_costs_the_entry():
    packed = films.archive({"a.jpg": films.jpeg()}).replace(b"a.jpg", b"b.jpg", 1)
    assert codes(packed) == {"a.jpg": "bad_entry"}


def test_entries_that_share_a_body_are_refused_whole():
    assert fault(films.overlapping(films.archive(GOOD))) == "overlapping_entries"


def with_end(packed, **fields):
    """The ZIP with other values in its end record."""
    at = packed.rfind(b"PK\5\6")
    names = ("magic", "disk", "first_disk", "here", "count", "length", "start", "comment")
    values = dict(zip(names, archive.END.unpack_from(packed, at), strict=True)) | fields
    return packed[:at] + archive.END.pack(*values.values())


def with_end_64(packed, **fields):
    """The ZIP as tools write it that always write ZIP64, with these values in its end record."""
    at = packed.rfind(b"PK\5\6")
    _, _, _, _, count, length, start, _ = archive.END.unpack_from(packed, at)
    values = {
        "magic": b"PK\6\6",
        "rest": 44,
        "by": 45,
        "needs": 45,
        "disk": 0,
        "first": 0,
        "here": count,
        "count": count,
    }
    values |= {"length": length, "start": start} | fields
    end = archive.END.pack(b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return packed[:at] + archive.END_64.pack(*values.values()) + archive.LOCATOR.pack(b"PK\6\7", 0, at, 1) + end


def test_an_honest_zip64_is_taken():
    assert codes(with_end_64(films.archive(GOOD))) == codes(films.archive(GOOD))


@pytest.mark.parametrize(
    ("packed", "code"),
    [
        (films.archive(GOOD)[:-30], "bad_archive"),
        (films.archive(GOOD)[: len(films.archive(GOOD)) // 2], "bad_archive"),
        (b"junk" + films.archive(GOOD), "bad_archive"),
        (films.archive(GOOD) + b"junk", "bad_archive"),
        (films.archive(GOOD) + films.archive({})[-22:], "bad_archive"),
        (with_end(films.archive(GOOD), disk=1, first_disk=1), "bad_archive"),
        (with_end(films.archive(GOOD), here=1), "bad_archive"),
        (with_end(films.archive(GOOD), count=20_000, here=20_000), "too_many_entries"),
        (with_end(films.archive(GOOD), count=0xFFFF, here=0xFFFF), "bad_archive"),
        (with_end_64(films.archive(GOOD), here=20_000, count=20_000), "too_many_entries"),
        (with_end_64(films.archive(GOOD), start=7), "bad_archive"),
        (with_end_64(films.archive(GOOD), disk=1), "bad_archive"),
        (films.archive({}), "nothing_to_process"),
        (films.archive({"only/": b""}), "nothing_to_process"),
        (films.archive({"README.txt": b"hello", "__MACOSX/a.jpg": b"x"}), "nothing_to_process"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(100), "bad_archive"),
    ],
    ids=[
        "cut",
        "half",
        "before",
        "after",
        "two_ends",
        "spanned",
        "lying",
        "many",
        "zip64",
        "many64",
        "lying64",
        "spanned64",
        "empty",
        "folders",
        "beside",
        "7z",
    ],
)
def test_a_fault_of_the_whole_archive_is_one_answer(packed, code):
    assert fault(packed) == code


def test_names_that_are_not_utf8_though_they_say_so_refuse_the_archive():
    packed = films.archive({"\u00e9.jpg": films.jpeg()}).replace("\u00e9".encode(), b"\xff\xfe")
    assert fault(packed) == "bad_archive"


def test_what_unpacks_to_more_than_four_gigabytes_is_refused_unopened():
    packed = films.forged_size(films.archive({f"{n}.jpg": films.jpeg(n) for n in range(5)}), 2**30)
    assert fault(packed) == "archive_too_large"


def test_a_zip_of_ten_thousand_and_one_entries_is_refused_by_its_end_record(monkeypatch):
    monkeypatch.setattr(archive, "MAX_ENTRIES", 1)
    assert fault(films.archive(GOOD)) == "too_many_entries"


def test_the_comment_of_an_archive_may_be_there():
    out = io.BytesIO(films.archive(GOOD))
    with zipfile.ZipFile(out, "a") as packed:
        packed.comment = b"from the modality"
    assert set(codes(out.getvalue())) == set(GOOD)


def test_a_stored_data_descriptor_is_no_overlap():
    class Pipe(io.RawIOBase):
        """A target that cannot seek: zipfile writes sizes behind each body."""

        def __init__(self):
            super().__init__()
            self.data = b""

        def writable(self):
            return True

        def write(self, part):
            self.data += bytes(part)
            return len(part)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as packed:
        for name, data in GOOD.items():
            packed.writestr(name, data)
    assert struct.unpack_from("<H", pipe.data, 6)[0] & 8
    assert codes(pipe.data) == {"a.jpg": "", "sub/b.png": ""}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["../../etc/passwd.jpg", "/abs.jpg", "C:\\x.jpg", "..\\up.jpg", "CON.png"])
def test_a_name_that_climbs_is_shown_and_never_used(batch, media, name):
    opened = Archive(io.BytesIO(films.archive({name: films.jpeg()})))
    receipt = take_entry(opened, opened.entries[0], batch, "cd.zip")
    assert (receipt.outcome, receipt.name) == ("accepted", f"cd.zip/{name}")
    assert all(path.is_relative_to(media) for path in media.parent.rglob("*.png"))
    assert not list(media.parent.rglob("*passwd*"))
