"""Rows 1 to 25: JPEG, PNG and what is neither."""

import pytest

from screening.models import Image, Receipt
from tests.catalogue import jpegs, picture, pngs
from tests.catalogue.judged import check
from tests.catalogue.rows import accepted, gated, refused, skipped
from tests.intake import films
from tests.ml.drawing import jpeg, png

pytestmark = pytest.mark.django_db

SCRIPT = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"
FITS = b"SIMPLE  =                    T".ljust(2880)
PSD = b"8BPS\0\1" + bytes(8) + b"\0\1\0\0\0\x10\0\0\0\x10\0\x08\0\1" + bytes(40)
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 160 176\nshowpage\n"
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)

CASES = [
    *(refused(f"B1 cut at {n} %", "truncated", lambda n=n: jpegs.cut(n), "a.jpg") for n in (55, 65, 80)),
    accepted("B3 CMYK of Adobe", jpegs.cmyk, "a.jpg", twin=4),
    accepted("B3 YCCK of Adobe", jpegs.ycck, "a.jpg", twin=4),
    accepted("B4 progressive", jpegs.progressive, "a.jpg", twin=2),
    refused("B4 of 12 bits", "unsupported_depth", lambda: picture.stream("ramp12.jpeg51"), "a.jpg"),
    accepted("B4 lossless", lambda: picture.stream("ramp8.jpeg70"), "a.jpg", twin=0),
    accepted("B4 arithmetic-coded", lambda: picture.stream("ramp8.arithmetic.jpeg"), "a.jpg", twin=2),
    # Nothing before the model tells a cat from a chest; the model's own check of its domain does, without a score.
    accepted("B5 a colour photo", jpegs.photo, "cat.jpg"),
    accepted("B5 a colour chart", jpegs.chart, "chart.png"),
    accepted("B6 16 bits", lambda: png(picture.grey(65535)), "a.png", twin=1),
    accepted("B6 12 of 16 bits", lambda: png(picture.grey(4095)), "a.png", twin=1),
    gated("B7 1 bit is black and white alone", "no_content", lambda: pngs.shallow(1), "a.png"),
    accepted("B7 2 bits", lambda: pngs.shallow(2), "a.png", twin=25),
    accepted("B7 4 bits", lambda: pngs.shallow(4), "a.png", twin=6),
    accepted("B8 a palette in reverse", pngs.palette, "a.png", twin=1),
    accepted("B8 a palette with a transparent entry", pngs.clear_palette, "a.png", twin=1),
    accepted("B8 RGB", lambda: pngs.colours("RGB"), "a.png", twin=1),
    accepted("B8 RGBA", lambda: pngs.colours("RGBA"), "a.png", twin=1),
    accepted("B8 RGBA, clear where it is black", pngs.clear_above, "a.png", twin=1),
    accepted("B8 grey with alpha", lambda: pngs.colours("LA"), "a.png", twin=1),
    accepted("B9 interlaced", pngs.interlaced, "a.png", twin=1),
    refused("B10 a zTXt of 10 MB", "malformed_image", lambda: pngs.text(10), "a.png"),
    refused("B10 an iTXt of 1 GB", "malformed_image", lambda: pngs.text(1024, b"iTXt"), "a.png"),
    accepted("B10 50,000 chunks", pngs.many_texts, "a.png", twin=1),
    refused("B11 a wrong checksum of the header", "malformed_image", lambda: pngs.wrong_checksum(b"IHDR"), "a.png"),
    refused("B11 a wrong checksum of the pixels", "malformed_image", lambda: pngs.wrong_checksum(b"IDAT"), "a.png"),
    refused("B11 a wrong bit in the pixels", "malformed_image", pngs.flipped_pixels, "a.png"),
    refused("B11 no end", ("truncated", "malformed_image"), pngs.endless, "a.png"),
    refused("B11 cut in the pixels", "truncated", pngs.cut_png, "a.png"),
    refused("B12 20000x20000 of 1 bit", "too_many_pixels", lambda: pngs.vast(20000, 20000, 1, pngs.GREY), "a.png", 413),
    refused("B13 13000x13000 of RGB", "too_many_pixels", lambda: pngs.vast(13000, 13000, 8, pngs.RGB), "a.png", 413),
    refused("B14 one pixel", "too_small", lambda: picture.sized(1, 1), "a.png"),
    refused("B14 one row", "too_small", lambda: picture.sized(5000, 1), "a.png"),
    refused("B14 one column", "too_small", lambda: picture.sized(1, 5000), "a.png"),
    refused("B14 127 pixels a side", "too_small", lambda: picture.sized(500, 127), "a.png"),
    accepted("B14 128 pixels a side", lambda: picture.sized(128, 128), "a.png"),
    refused("B14 a PNG of no height", "malformed_image", pngs.no_height, "a.png"),
    refused("B14 a JPEG of no height", "malformed_image", jpegs.no_height_jpeg, "a.jpg"),
    # Stored and on the worklist, where the catalogue would refuse them too.
    *(gated(f"B15 all of {n}", "no_content", lambda n=n: picture.flat(n), "a.png") for n in (0, 128, 255)),
    gated("B15 half of one percent is not black", "no_content", lambda: picture.flat(0, 25), "a.png"),
    gated("B15 black and white alone", "no_content", picture.two_ends, "a.png"),
    *(accepted(f"B16 turned by {n}", lambda n=n: jpegs.turned(n), "a.jpg", twin=2) for n in range(2, 9)),
    *(accepted(f"B16 an orientation of {n}", lambda n=n: jpegs.turned(n), "a.jpg", twin=2) for n in (0, 9, 65535)),
    *(
        refused(f"B18 an animated {n}", "unsupported_type", lambda n=n: picture.animated(n), f"a.{n.lower()}", 415)
        for n in ("GIF", "WEBP")
    ),
    refused("B18 an animated PNG", "animated", lambda: picture.animated("PNG"), "a.png"),
    *(
        refused(f"B19 {n}", "unsupported_type", lambda n=n: picture.saved(n), f"a.{n.lower()}.1", 415)
        for n in ("TIFF", "BMP", "ICO", "JPEG2000", "AVIF", "GIF", "WEBP", "PPM")
    ),
    refused("B19 a TIFF of many pages", "unsupported_type", lambda: picture.animated("TIFF"), "a.tif", 415),
    refused("B19 a TIFF of 100,000 directories", "unsupported_type", picture.tiff_of_many, "a.tif", 415),
    *(
        refused(f"B19 {n}", "unsupported_type", lambda data=data: data, f"a.{n.lower()}", 415)
        for n, data in {"FITS": FITS, "PSD": PSD, "EPS": EPS, "HEIC": HEIC}.items()
    ),
    refused("B20 SVG with a script, as PNG", "unsupported_type", lambda: SCRIPT, "a.png", 415),
    refused("B20 SVG with a script", "unsupported_type", lambda: SCRIPT, "a.svg", 415),
    refused("B20 HTML as PNG", "unsupported_type", lambda: HTML, "a.png", 415),
    refused("B20 PDF as JPEG", "unsupported_type", lambda: PDF, "a.jpg", 415),
    # Content decides what a file is: the catalogue would refuse a name that says otherwise.
    skipped("B20 HTML beside the films", lambda: HTML, "index.html"),
    accepted("B21 PNG under a JPEG's name", picture.plain, "a.jpg", twin=0),
    accepted("B21 JPEG under a DICOM's name", picture.plain_jpeg, "a.dcm", twin=2),
    accepted("B21 no extension", picture.plain, "IM000001", twin=0),
    accepted("B21 a film under a text's name", picture.plain, "readme.txt", twin=0),
    refused("B22 nothing", "empty", lambda: b"", "a.jpg"),
    refused("B22 one byte", "unsupported_type", lambda: b"\xff", "a.jpg", 415),
    refused("B22 a JPEG's first bytes", "malformed_image", lambda: picture.plain_jpeg()[:3], "a.jpg"),
    refused(
        "B22 a JPEG's header",
        ("truncated", "malformed_image"),
        lambda: picture.plain_jpeg()[: picture.plain_jpeg().index(b"\xff\xda")],
        "a.jpg",
    ),
    refused("B22 a PNG's first bytes", "malformed_image", lambda: pngs.PNG_MAGIC, "a.png"),
    refused("B22 a PNG's header", ("truncated", "malformed_image"), lambda: pngs.head(160, 160), "a.png"),
    *(
        accepted(f"B23 a JPEG and then {n}", lambda tail=tail: picture.plain_jpeg() + tail, "a.jpg", twin=2)
        for n, tail in {
            "a ZIP": films.archive({"a.jpg": films.jpeg()}),
            "a script": b"*/=1;alert(1)//",
            "PHP": b"<?php system($_GET[0]); ?>",
            "HTML": HTML,
        }.items()
    ),
    accepted(
        "B24 a ZIP that begins as a PNG",
        lambda: picture.plain() + films.archive({"a.jpg": films.jpeg()}),
        "cd.zip",
        twin=0,
    ),
]


@pytest.mark.parametrize("case", CASES)
def test_a_raster_file_is_answered_as_its_row_says(send, holds, case):
    check(case, send(case.make(), case.name))
    holds()


@pytest.mark.parametrize("seed", range(20), ids="B2 seed {}".format)
def test_flipped_bytes_of_a_scan_are_answered_alike_each_time(send, holds, factories, seed):
    first = send(jpegs.flipped_scan(seed), "a.jpg")
    assert first.json()["receipt"]["reason"] in ("", "truncated", "malformed_image", "no_content")
    holds()
    there = factories.site()
    Receipt.objects.get().batch.uploaded_by.sites.add(there)
    again = send(jpegs.flipped_scan(seed), "b.jpg", factories.batch(there, by=Receipt.objects.get().batch.uploaded_by))
    assert again.json()["receipt"]["reason"] == first.json()["receipt"]["reason"]
    assert len(set(Image.objects.values_list("content_hash", flat=True))) <= 1


@pytest.mark.parametrize("make", [pytest.param(jpegs.telling, id="B17 EXIF, XMP, IPTC and a comment")])
def test_what_a_picture_says_of_its_owner_is_in_no_rendition(send, holds, make, caplog):
    assert picture.CANARY.encode() in make()
    assert send(make(), "a.jpg").status_code == 201
    holds()
    image = Image.objects.get()
    for field in (image.viewing, image.model_input):
        with field.open("rb") as file:
            data = file.read()
        assert picture.CANARY.encode() not in data and b"GPS" not in data and b"eXIf" not in data
    assert picture.CANARY not in caplog.text


@pytest.mark.parametrize("tail", [pytest.param(b"<script>alert(1)</script>", id="B23 its original is served nowhere")])
def test_a_jpeg_with_a_tail_is_served_without_it(client, send, sender, tail):
    send(jpeg(picture.grey8()) + tail, "a.jpg")
    client.force_login(sender)
    image = Image.objects.get()
    answer = client.get(f"/images/{image.pk}/viewing")
    served = b"".join(answer.streaming_content)
    assert served.startswith(pngs.PNG_MAGIC) and tail not in served
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/png", "nosniff")
    assert client.get(f"/images/{image.pk}/original").status_code == 404


@pytest.mark.parametrize("make", [pytest.param(picture.plain, id="B25 PNG"), pytest.param(films.dicom, id="B25 DICOM")])
def test_the_same_bytes_again_are_one_image_and_name_it(send, holds, make):
    first, second = send(make(), "a"), send(make(), "b")
    assert (second.status_code, second.json()["receipt"]["outcome"]) == (200, "duplicate")
    assert second.json()["receipt"]["image"] == first.json()["receipt"]["image"]
    holds()


@pytest.mark.parametrize("make", [pytest.param(picture.plain, id="B25 PNG"), pytest.param(films.dicom, id="B25 DICOM")])
def test_the_same_bytes_at_another_site_give_no_hint_of_the_first(send, factories, sender, away, holds, make):
    before = send(make(), "a").json()["receipt"]
    sender.sites.set([away])
    after = send(make(), "a", factories.batch(away, by=sender)).json()["receipt"]
    holds()
    new = {"id", "batch", "created_at", "image", "study", "name"}
    assert {name: value for name, value in before.items() if name not in new} == {
        name: value for name, value in after.items() if name not in new
    }
    assert before["image"] != after["image"]
