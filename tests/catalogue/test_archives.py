"""Rows 57 to 71: ZIPs. An archive is answered 202 before it is looked at; what becomes of it are its receipts."""

import gzip
import io
import random
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from screening import archive
from screening.models import Image, Job, Receipt
from tests.catalogue import zips as z
from tests.catalogue.judged import check
from tests.catalogue.rows import refused
from tests.intake import films
from workers import jobs

pytestmark = pytest.mark.django_db

WHOLE = {
    "B58 200 names for one body": ("overlapping_entries", z.shared_bodies),
    "B58 shared local headers": ("overlapping_entries", lambda: films.overlapping(films.archive(z.good()))),
    "B58 an entry inside another": ("overlapping_entries", z.in_each_other),
    "B60 50,000 entries": ("too_many_entries", lambda: z.empty_entries(50_000)),
    "B60 70,000 entries": ("too_many_entries", lambda: z.empty_entries(70_000)),
    "B60 5 GB are said": ("archive_too_large", lambda: films.forged_size(films.archive(z.good(5)), 2**30)),
    "B67 cut in its directory": ("bad_archive", lambda: films.archive(z.good())[:-30]),
    "B67 half of it": ("bad_archive", lambda: films.archive(z.good())[:9000]),
    "B67 only its first bytes": ("bad_archive", lambda: b"PK\3\4"),
    "B67 bytes before it": ("bad_archive", lambda: b"PK\3\4junk" + films.archive(z.good())),
    "B67 bytes behind it": ("bad_archive", lambda: films.archive(z.good()) + b"junk"),
    "B67 two ends": ("bad_archive", lambda: films.archive(z.good()) + films.archive({})),
    "B67 two archives": ("bad_archive", lambda: films.archive(z.good()) + films.archive({"9.jpg": films.jpeg(9)})),
    "B67 ZIP64 that is not there": ("bad_archive", lambda: z.zip64_lie(count=2)),
    "B67 ZIP64 of 65,535 that are not there": ("bad_archive", z.zip64_lie),
    "B67 one of two volumes": ("bad_archive", z.spanned),
    "B68 nothing in it": ("nothing_to_process", lambda: films.archive({})),
    "B68 only what is read beside films": (
        "nothing_to_process",
        lambda: films.archive({"README.txt": b"x", "__MACOSX/a": b"x"}),
    ),
    "B68 only folders": ("nothing_to_process", lambda: films.archive({"a/": b"", "a/b/": b""})),
}


@pytest.mark.parametrize("about", WHOLE)
def test_an_archive_that_cannot_be_trusted_is_refused_whole(unpacked, holds, about):
    code, make = WHOLE[about]
    assert unpacked(make()) == [("cd.zip", "rejected", code)]
    holds()
    assert not Image.objects.exists()


ENTRIES = {
    "B57 as 42.zip": ("nested_archive", z.nested),
    "B57 a ZIP under a film's name": ("nested_archive", lambda: films.archive({"a.dcm": films.archive(z.good())})),
    "B59 300 MB, 100 B said": ("bad_entry", lambda: z.forged(300, 100)),
    "B59 300 MB, 1 MB said": ("bad_entry", lambda: z.forged(300, 2**20 - 1)),
    "B59 a film, 100 B said": ("bad_entry", lambda: films.forged_size(films.archive(z.good()), 100)),
    "B59 a film, 1 MB said": ("bad_entry", lambda: films.forged_size(films.archive(z.good()), 2**20 - 1)),
    "B60 90 MB from a hundredth": ("suspicious_ratio", lambda: z.forged(90, 90 * 2**20)),
    "B60 3 GB in one entry": ("too_large", lambda: z.forged(3072, 3 * 2**30)),
    **{f"B62 a {n}": ("special_file", lambda mode=mode: z.special("x", mode)) for n, mode in z.SPECIAL.items()},
    "B63 encrypted": ("encrypted", lambda: films.encrypted(films.archive(z.good()))),
    "B63 encrypted by AES": ("encrypted", lambda: films.encrypted(z.by_method(99))),
    **{
        f"B63 packed by {n}": ("unsupported_method", lambda method=method: z.by_method(method))
        for n, method in {"deflate64": 9, "bzip2": 12, "LZMA": 14, "zstd": 93, "xz": 95, "nothing known": 1234}.items()
    },
}


@pytest.mark.parametrize("about", ENTRIES)
def test_an_entry_that_cannot_be_trusted_is_refused(unpacked, holds, about):
    code, make = ENTRIES[about]
    found = unpacked(make())
    assert {(outcome, reason) for _, outcome, reason in found} == {("rejected", code)}
    holds()
    assert found and not Image.objects.exists()


COMPANIONS = {
    "__MACOSX/._a.jpg": b"\0\5\x16\7",
    ".DS_Store": b"\0\0\0\1Bud1",
    "Thumbs.db": b"\xd0\xcf\x11\xe0",
    "README": b"read me",
    "README.txt": b"read me",
    "DICOMDIR": b"\0" * 128 + b"DICM",
    "autorun.inf": b"[autorun]",
    "viewer.exe": b"MZ\x90\0",
    "viewer/lib.dll": b"MZ\x90\0",
    "index.html": b"<html></html>",
    "start.bat": b"@echo off",
    "x.jar": b"\xca\xfe\xba\xbe",
}


@pytest.mark.parametrize("name", [pytest.param(name, id=f"B66 {name}") for name in COMPANIONS])
def test_what_lies_beside_films_is_left_out(unpacked, holds, name):
    found = unpacked(films.archive({"cd/": b"", f"cd/{name}": COMPANIONS[name], "cd/IM1": films.jpeg()}))
    assert found == [
        ("cd.zip/cd/", "skipped", "directory"),
        (f"cd.zip/cd/{name}", "skipped", "companion"),
        ("cd.zip/cd/IM1", "accepted", ""),
    ]
    holds()


@pytest.mark.parametrize("names", [pytest.param(["lib.dll", "Thumbs.db", "viewer.exe"], id="B68 only programs")])
def test_an_archive_of_programs_is_a_list_of_them(unpacked, holds, names):
    """They are told by what is in them, so each is opened and has its line."""
    found = unpacked(films.archive(dict.fromkeys(names, b"MZ")))
    assert [(outcome, reason) for _, outcome, reason in found] == [("skipped", "companion")] * len(names)
    holds()


@pytest.mark.parametrize("count", [pytest.param(40, id="B69 forty good and two bad")])
def test_two_bad_entries_cost_no_good_one(unpacked, holds, count):
    """Five thousand of them are sent in tests/load."""
    found = unpacked(films.archive(z.good(count) | {"cut.jpg": films.truncated_jpeg(), "x.pdf": b"%PDF-1.7"}))
    assert [reason for _, outcome, reason in found if outcome != "accepted"] == ["truncated", "unsupported_type"]
    assert len(found) == count + 2
    holds()


def tar():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as packed:
        info = tarfile.TarInfo("a.jpg")
        info.size = len(films.jpeg())
        packed.addfile(info, io.BytesIO(films.jpeg()))
    return out.getvalue()


OTHERS = {
    "tar": tar,
    "gzip": lambda: gzip.compress(tar(), mtime=0),
    "7z": lambda: b"7z\xbc\xaf\x27\x1c\0\4" + bytes(200),
    "rar": lambda: b"Rar!\x1a\7\1\0" + bytes(200),
    "xz": lambda: b"\xfd7zXZ\0" + bytes(200),
    "zstd": lambda: b"\x28\xb5\x2f\xfd" + bytes(99),
}


@pytest.mark.parametrize(
    "case", [refused(f"B70 {name}", "unsupported_type", make, "cd.zip", 415) for name, make in OTHERS.items()]
)
def test_another_archive_format_is_no_zip(send, holds, case):
    check(case, send(case.make(), case.name))
    assert not Job.objects.exists()
    holds()


@pytest.mark.parametrize("seed", range(30), ids="B67 a flipped byte, seed {}".format)
def test_a_byte_flipped_in_an_archive_never_loses_a_file_in_silence(unpacked, holds, seed):
    data, chance = bytearray(films.archive(z.good(3))), random.Random(seed)
    data[chance.randrange(4, len(data))] ^= 1 << chance.randrange(8)
    found = unpacked(bytes(data))
    assert len(found) == 3 or [outcome for _, outcome, _ in found] == ["rejected"]
    holds()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [pytest.param(4, id="B71 twice at once")])
def test_the_same_archive_twice_at_once_is_one_set_of_images(send, holds, count):
    data, line = films.archive(z.good(count)), threading.Barrier(2)
    for _ in range(2):
        assert send(data, "cd.zip").status_code == 202

    def unpack():
        line.wait(20)
        try:
            jobs.unpack()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(unpack) for _ in range(2)]:
            done.result()
    outcomes = list(Receipt.objects.values_list("outcome", flat=True))
    assert (outcomes.count("accepted"), outcomes.count("duplicate"), len(outcomes)) == (count, count, 2 * count)
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}
    holds()


@pytest.mark.parametrize("size", [pytest.param(100, id="B60 above the limit of an archive")])
def test_an_archive_above_the_limit_is_413_at_once(send, holds, monkeypatch, size):
    monkeypatch.setattr(archive, "MAX_ARCHIVE_B", size)
    answer = send(films.archive(z.good()), "cd.zip")
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "archive_too_large")
    assert not Job.objects.exists()
    holds()
