"""Rows 61, 64 and 65: what the entries of an archive are called."""

import pytest

from screening.models import Receipt
from tests.catalogue import zips as z
from tests.intake import films

pytestmark = pytest.mark.django_db

NAMES = {
    "B61 that climbs": "../../etc/passwd.jpg",
    "B61 from the root": "/etc/passwd.jpg",
    "B61 of a drive": "C:\\x.jpg",
    "B61 that climbs backwards": "..\\..\\up.jpg",
    "B61 of a share": "//host/share/x.jpg",
    "B61 with a dot": "a.jpg.",
    "B61 with a space": "a.jpg ",
    "B61 of a device": "CON.png",
    "B61 of a stream": "a.jpg:evil",
    "B61 of tilde": "~/x.jpg",
    "B64 with umlauts": "Röntgen Thorax.jpg",
    "B64 of four bytes": "💀.jpg",
    "B64 that turns": "\u202egpj.exe",
    "B64 combining": "e\u0301" * 40 + ".jpg",
    "B64 of 300 bytes": "x" * 296 + ".jpg",
    "B64 of HTML": "<script>alert(1)</script>.jpg",
    "B64 of a formula": "=cmd|'/c calc'!A1.jpg",
    "B64 of line ends": "a\r\nSet-Cookie: x.jpg",
}


@pytest.mark.parametrize("name", [pytest.param(name, id=about) for about, name in NAMES.items()])
def test_whatever_an_entry_is_called_it_is_shown_and_never_used(unpacked, holds, media, name):
    ((shown, outcome, _),) = unpacked(z.built(z.entry(name, films.jpeg())))
    assert outcome == "accepted"
    assert len(shown) <= 255 and "\n" not in shown and "\u202e" not in shown
    holds()
    assert not list(media.parent.parent.rglob("*passwd*"))


RAW_NAMES = {
    "B61 with a NUL": b"a.jpg\0.exe",
    "B64 of cp437": b"R\x94ntgen.jpg",
    "B64 of nothing": b"",
    "B64 of a slash": b"/a",
    "B64 of Windows": b"R\xf6ntgen.jpg",
    "B64 of Japan": b"\x8b\xb9\x95\x94.jpg",
}


@pytest.mark.parametrize("name", [pytest.param(name, id=about) for about, name in RAW_NAMES.items()])
def test_names_in_any_charset_cost_no_other_entry(unpacked, holds, name):
    found = unpacked(z.built(z.entry(b"first.jpg", films.jpeg(1)), z.entry(name, films.jpeg(2))))
    assert [outcome for _, outcome, _ in found] == ["accepted"] * 2
    assert found[0][0] == "cd.zip/first.jpg" and "\0" not in found[1][0]
    holds()


LIES = {"B64 that is no UTF-8": b"\xff\xfe.jpg", "B64 of half a character": b"\xed\xa0\x80.jpg"}


@pytest.mark.parametrize("name", [pytest.param(name, id=about) for about, name in LIES.items()])
def test_a_name_that_says_it_is_utf8_and_is_not_refuses_the_archive_whole(unpacked, holds, name):
    """Nothing of it is lost in silence: the catalogue would show the name escaped."""
    packed = z.built(z.entry(b"first.jpg", films.jpeg(1)), z.entry(name, films.jpeg(2), flags=z.UTF8))
    assert unpacked(packed) == [("cd.zip", "rejected", "bad_archive")]
    holds()


@pytest.mark.parametrize(
    "name", [pytest.param("a.jpg", id="B65 two films"), pytest.param("a/../a.jpg", id="B65 that climb")]
)
def test_two_entries_of_one_name_are_both_taken(unpacked, holds, name):
    found = unpacked(z.built(z.entry(name, films.jpeg(1)), z.entry(name, films.jpeg(2))))
    assert [(outcome, reason) for _, outcome, reason in found] == [("accepted", "")] * 2
    assert sorted(Receipt.objects.values_list("entry", flat=True)) == [1, 2]
    holds()
