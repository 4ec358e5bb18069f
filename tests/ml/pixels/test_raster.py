import io
import random
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml import pixels
from tests.ml.drawing import jpeg, png, ramp

GREY = ramp().astype(np.uint8)
CODESTREAMS = Path(__file__).with_name("codestreams")


def code_of(data: bytes) -> str:
    with pytest.raises(pixels.Unreadable) as refusal:
        pixels.read(data)
    assert refusal.value.sentence.endswith(".")
    return refusal.value.code


def test_an_eight_bit_png_keeps_its_values():
    film = pixels.read(png(GREY))
    assert np.array_equal(film.pixels, GREY)
    assert (film.bits, film.header.format, film.header.rows, film.header.columns) == (8, "png", 200, 160)


def test_windowed_values_run_from_zero_to_one():
    film = pixels.read(png(GREY))
    assert (film.windowed.dtype, film.windowed.min(), film.windowed.max()) == (np.float32, 0, 1)


def test_a_sixteen_bit_png_looks_like_its_eight_bit_twin():
    deep = pixels.read(png(GREY.astype(np.uint16) * 257))
    assert (deep.bits, deep.pixels.max()) == (16, 65535)
    assert np.abs(deep.windowed - pixels.read(png(GREY)).windowed).max() < 1e-6


@pytest.mark.parametrize("mode", ["RGB", "LA", "RGBA", "P"])
def test_a_grey_picture_in_another_mode_is_the_same_film(mode):
    film = pixels.read(png(Image.fromarray(GREY).convert(mode)))
    assert np.abs(film.pixels.astype(int) - GREY).max() <= (4 if mode == "P" else 1)


def test_transparent_parts_become_black():
    alpha = np.full_like(GREY, 255)
    alpha[:100] = 0
    film = pixels.read(png(Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(alpha)])))
    assert film.pixels[:100].max() == 0
    assert film.pixels[100:].min() > 50


def test_a_one_bit_png_is_black_and_white():
    film = pixels.read(png(Image.fromarray(GREY).convert("1")))
    assert set(np.unique(film.pixels)) == {0, 255}


@pytest.mark.parametrize("bits", [2, 4])
def test_a_png_of_few_bits_is_scaled_to_the_full_range(bits):
    header = len(GREY[0]).to_bytes(4, "big") + len(GREY).to_bytes(4, "big") + bytes([bits, 0, 0, 0, 0])
    levels = (GREY >> (8 - bits)).astype(np.uint8)
    rows = (b"\0" + np.packbits(np.unpackbits(row[:, None], axis=1)[:, -bits:].ravel()).tobytes() for row in levels)
    film = pixels.read(_png_of_chunks((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b"")))
    assert np.abs(film.pixels / 255 - levels / levels.max()).max() < 0.01


def _png_of_chunks(*chunks) -> bytes:
    parts = [b"\x89PNG\r\n\x1a\n"]
    for name, body in chunks:
        parts += [len(body).to_bytes(4, "big"), name, body, zlib.crc32(name + body).to_bytes(4, "big")]
    return b"".join(parts)


def test_a_cmyk_jpeg_is_not_inverted():
    film = pixels.read(jpeg(Image.fromarray(GREY).convert("RGB").convert("CMYK")))
    assert np.abs(film.pixels.astype(int) - GREY).mean() < 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_puts_the_film_upright(orientation):
    undo = {2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}.get(orientation)
    turned = Image.fromarray(GREY)
    if undo:
        methods = [None, None, 0, 3, 1, 5, 4, 6, 2]  # Image.Transpose of each orientation
        turned = turned.transpose(methods[undo])
    exif = Image.Exif()
    exif[0x0112] = orientation
    film = pixels.read(jpeg(turned, exif=exif))
    assert film.pixels.shape == GREY.shape
    assert np.abs(film.pixels.astype(int) - GREY).mean() < 3


def test_a_damaged_exif_block_does_not_cost_the_film():
    assert pixels.read(jpeg(GREY, exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")).pixels.shape == GREY.shape


def test_progressive_arithmetic_and_lossless_jpegs_are_read():
    plain = pixels.read(jpeg(GREY)).pixels
    assert np.array_equal(pixels.read(jpeg(GREY, progressive=True)).pixels, plain)
    assert np.array_equal(pixels.read((CODESTREAMS / "ramp8.arithmetic.jpeg").read_bytes()).pixels, plain)
    assert np.array_equal(pixels.read((CODESTREAMS / "ramp8.jpeg70").read_bytes()).pixels, GREY)


def test_a_jpeg_of_12_bits_is_refused_by_its_depth_and_not_as_a_damaged_one():
    assert code_of((CODESTREAMS / "ramp12.jpeg51").read_bytes()) == "unsupported_depth"


def test_an_interlaced_png_is_read():
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    rows = b"".join(b"\0" + row.tobytes() for y, x, down, right in passes for row in GREY[y::down, x::right])
    header = len(GREY[0]).to_bytes(4, "big") + len(GREY).to_bytes(4, "big") + bytes([8, 0, 0, 0, 1])
    film = pixels.read(_png_of_chunks((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")))
    assert np.array_equal(film.pixels, GREY)


def test_a_sixteen_bit_colour_png_is_the_same_film():
    rows = b"".join(b"\0" + np.repeat(row.astype(">u2") * 257, 3).astype(">u2").tobytes() for row in GREY)
    header = len(GREY[0]).to_bytes(4, "big") + len(GREY).to_bytes(4, "big") + bytes([16, 2, 0, 0, 0])
    film = pixels.read(_png_of_chunks((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")))
    assert np.array_equal(film.pixels, GREY)


def test_a_png_without_its_end_is_truncated():
    assert code_of(png(GREY)[:-12]) == "truncated"


def test_a_png_whose_pixels_do_not_match_their_checksum_is_damaged():
    data = bytearray(png(GREY))
    at = data.index(b"IDAT")
    data[at + 4 + int.from_bytes(data[at - 4 : at], "big")] ^= 1
    assert code_of(bytes(data)) == "malformed_image"


def test_nothing_is_empty():
    assert code_of(b"") == "empty"


@pytest.mark.parametrize("share", [0.3, 0.55, 0.8])
@pytest.mark.parametrize("encode", [jpeg, png])
def test_a_truncated_picture_is_refused(encode, share):
    noise = np.random.default_rng(0).integers(0, 255, (300, 300)).astype(np.uint8)
    data = encode(noise)
    assert code_of(data[: int(share * len(data))]) == "truncated"


def test_a_header_alone_is_refused():
    assert code_of(jpeg(GREY)[:3]) == "malformed_image"


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "WEBP"])
def test_other_picture_formats_never_reach_a_parser(kind):
    out = io.BytesIO()
    Image.fromarray(GREY).save(out, kind)
    assert code_of(out.getvalue()) == "unsupported_type"


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"<svg onload=alert(1)>", b"MZ" + b"\0" * 300, b"\x00"])
def test_what_is_no_picture_is_refused_by_content(data):
    assert code_of(data) == "unsupported_type"


def test_too_many_pixels_are_refused_before_decoding():
    header = (20000).to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    assert code_of(_png_of_chunks((b"IHDR", header), (b"IDAT", b"x"), (b"IEND", b""))) == "too_many_pixels"
    larger = (9000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    assert code_of(_png_of_chunks((b"IHDR", larger), (b"IDAT", b"x"), (b"IEND", b""))) == "too_many_pixels"


def test_an_icon_is_too_small():
    assert code_of(png(GREY[:127])) == "too_small"
    assert code_of(png(GREY[:1, :1])) == "too_small"


def test_an_animation_is_refused():
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    assert code_of(png(frames[0], save_all=True, append_images=frames[1:])) == "animated"


@pytest.mark.parametrize("tone", [0, 130, 255])
def test_one_flat_tone_is_a_film_that_no_model_may_judge(tone):
    assert pixels.read(png(np.full((200, 200), tone, dtype=np.uint8))).flaw == "no_content"


def test_a_saturated_picture_is_one_that_no_model_may_judge():
    saturated = np.where(GREY > 120, 255, 0).astype(np.uint8)
    saturated[:1, :50] = 99
    assert pixels.read(png(saturated)).flaw == "no_content"
    assert pixels.read(png(GREY)).flaw == ""


@pytest.mark.parametrize("share", [0.9899, 0.9901])
@pytest.mark.parametrize("first", [True, False])
def test_a_tone_of_more_than_99_percent_is_found_wherever_the_others_lie(share, first):
    tones = np.full(200 * 200, 90, dtype=np.uint8)
    others = np.arange(round((1 - share) * tones.size))
    # At the beginning, or where one pixel in 29 is looked at.
    tones[others if first else others * 29 % tones.size] = 1 + others % 255
    assert (pixels.read(png(tones.reshape(200, 200))).flaw == "no_content") == (share > 0.99)


def test_flipped_bytes_give_a_film_or_a_refusal_and_nothing_else():
    rng, data = random.Random(0), jpeg(GREY)
    for _ in range(200):
        damaged = bytearray(data)
        for _ in range(5):
            damaged[rng.randrange(3, len(damaged))] = rng.randrange(256)
        try:
            pixels.read(bytes(damaged))
        except pixels.Unreadable as refusal:
            assert refusal.code


def test_fifty_thousand_chunks_cost_nothing():
    data = png(GREY)
    chunks = _png_of_chunks(*[(b"tEXt", b"a%d\0b" % n) for n in range(50_000)])[8:]
    assert np.array_equal(pixels.read(data[:33] + chunks + data[33:]).pixels, GREY)


def test_a_large_text_chunk_costs_nothing():
    bomb = zlib.compress(b"\0" * 50_000_000)
    data = png(GREY)
    chunk = b"zTXt" + b"Comment\0\0" + bomb
    chunk = (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    try:
        film = pixels.read(data[:33] + chunk + data[33:])
    except pixels.Unreadable as refusal:
        assert refusal.code == "malformed_image"
    else:
        assert film.pixels.shape == GREY.shape
