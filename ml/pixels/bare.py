"""Pixel data that holds its picture and nothing else: no comments, no overlay beside it, nothing behind it."""

import re
import struct
from itertools import islice

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, RLELossless

from ml.pixels import codestream, syntaxes, tags
from ml.pixels.codestream import ALONE, FILL, FRAMES, J2K_START, JPEG_START

END = b"\xff\xd9"  # of a JPEG (ITU T.81), a JPEG-LS (T.87) and a JPEG 2000 codestream (T.800)
SCAN, FRAME_OF_JPEG_LS = 0xDA, 0xF7
# What draws a grey picture: frames, DHT, DAC, DQT to EXP, and the parameters of JPEG-LS. Comments do not, nor does
# application data: what it says of colours (APP8, APP14) is of none here.
DRAWS_JPEG = {*FRAMES, 0xC4, 0xCC, SCAN, *range(0xDB, 0xE0), 0xF8}
# The first marker in coded data: after 0xFF stand a zero or a restart (T.81, B.1.1.5), or a bit of zero (T.87, A.1).
MARKER_IN_JPEG = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
MARKER_IN_JPEG_LS = re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]")
TILE, DATA = b"\xff\x90", 0x93  # SOT and SOD of T.800
# Everything of T.800, table A.2, but the comment and how colours lie on each other; and CAP and CPF of HTJ2K (T.814).
DRAWS_J2K = {*range(0x50, 0x54), *range(0x55, 0x5A), *range(0x5C, 0x62)}
RLE_HEADER = struct.Struct("<16L")  # how many segments, and where each begins (PS3.5, G.5)
NOTHING = 128  # below it so many bytes follow as they are, above it one that is repeated (PS3.5, G.3.1)


def bare(dataset: Dataset, syntax: UID) -> tuple[bytes, UID]:
    """(the value of PixelData as a DICOM file may keep it, the transfer syntax it is in).

    A compressed picture with something in the bits above its own comes back as plain words; any other one stays as it
    was coded. A syntax that cannot be decoded here is left as it is: nobody knows what of it is the picture.
    Raises what pydicom and its decoders raise on damaged data, ValueError, IndexError and struct.error.
    """
    frames = max(1, int(tags.number(dataset, "NumberOfFrames", 1)))
    if not syntax.is_encapsulated:
        return _native(dataset, frames, ">" if syntax == ExplicitVRBigEndian else "<"), syntax
    if syntax not in syntaxes.DECODERS:
        return dataset.PixelData, syntax
    coded = islice(generate_frames(dataset.PixelData, number_of_frames=frames), frames)
    if syntax == RLELossless:
        return encapsulate([_run_lengths(dataset, each) for each in coded]), syntax
    return _streams(dataset, syntax, [stream(each) for each in coded])


def stream(whole: bytes) -> bytes:
    """A JPEG, JPEG-LS or JPEG 2000 codestream without words; raises ValueError, IndexError, struct.error for others."""
    whole = codestream.unboxed(whole)
    if whole.startswith(J2K_START):
        return _j2k(whole)
    if whole.startswith(JPEG_START):
        return _jpeg(whole)
    raise ValueError("no codestream of a known kind")


def _native(dataset: Dataset, frames: int, order: str) -> bytes:
    """Plain words in that byte order, as many as there are pixels."""
    length = frames * dataset.Rows * dataset.Columns * dataset.BitsAllocated // 8
    data = dataset.PixelData[: length + length % 2]
    if dataset.BitsStored == dataset.BitsAllocated:
        return data
    words = np.frombuffer(data, _word(dataset).newbyteorder(order))
    return _clean(words, dataset.BitsStored).tobytes()


def _word(dataset: Dataset) -> np.dtype:
    """Of a stored pixel, in little endian."""
    return np.dtype(f"<{'i' if dataset.PixelRepresentation else 'u'}{dataset.BitsAllocated // 8}")


def _clean(words: np.ndarray, stored: int) -> np.ndarray:
    """Words without what stands above their `stored` bits, where old files keep overlays (PS3.5 of 2004, 8.1.2).

    Those bits become zero; of signed words they repeat the sign, as most files have it.
    """
    return syntaxes.used(words, stored).astype(words.dtype, copy=False)  # a shift forgets the byte order


def _run_lengths(dataset: Dataset, frame: bytes) -> bytes:
    """A frame in RLE (PS3.5, annex G), its runs as they were: a segment for each byte of a word, highest first."""
    count, *starts = RLE_HEADER.unpack_from(frame)
    if count != dataset.BitsAllocated // 8:
        raise ValueError("another number of segments than a word has bytes")
    pixels = dataset.Rows * dataset.Columns
    places = reversed(range(count))
    segments = [_segment(frame, starts[n], pixels, _table(dataset, place)) for n, place in enumerate(places)]
    at = [RLE_HEADER.size + sum(len(each) for each in segments[:n]) for n in range(count)]
    return b"".join([RLE_HEADER.pack(count, *at, *[0] * (15 - count)), *segments])


def _table(dataset: Dataset, place: int) -> bytes:
    """What becomes of each of the 256 bytes at that place of a word, counted from the lowest.

    The sign is repeated in its own byte alone: the bytes above it become zero, for each is coded without the others.
    """
    used = min(8, dataset.BitsStored - 8 * place)
    every = np.arange(256, dtype=np.uint8).view("i1" if dataset.PixelRepresentation else "u1")
    return _clean(every, used).tobytes() if used > 0 else bytes(256)


def _segment(frame: bytes, at: int, pixels: int, table: bytes) -> bytes:
    """The segment that begins at `at` (PS3.5, G.3): so many bytes, each through the table, and no more."""
    kept, done = bytearray(), 0
    while done < pixels:
        head = frame[at]
        if head == NOTHING:
            at += 1
            continue
        repeated = head > NOTHING
        size = min(257 - head if repeated else head + 1, pixels - done)
        # A run that is cut to one byte is a byte that stands alone: there is no other word for it.
        kept.append(257 - size if repeated and size > 1 else size - 1)
        kept += frame[at + 1 : at + 1 + (1 if repeated else size)].translate(table)
        at += 2 if repeated else head + 2
        done += size
    if at > len(frame):
        raise ValueError("a segment ends too early")
    return bytes(kept) + b"\0" * (len(kept) % 2)


def _streams(dataset: Dataset, syntax: UID, streams: list[bytes]) -> tuple[bytes, UID]:
    """Codestreams as they are; as plain words where they pack whole words, and more than the pixels stands in one."""
    told = [codestream.frame(each) for each in streams]
    if any(each[:3] != (dataset.Rows, dataset.Columns, 1) for each in told):  # decoders allocate by the codestream
        raise ValueError("a codestream is of another size than the header says")
    stored = dataset.BitsStored
    packed = (each for each, frame in zip(streams, told, strict=True) if frame.bits > stored)
    if not any(_littered(_decoded(dataset, syntax, each), stored) for each in packed):
        return encapsulate(streams), syntax
    native = b"".join(_clean(_decoded(dataset, syntax, each), stored).tobytes() for each in streams)
    return native + b"\0" * (len(native) % 2), ExplicitVRLittleEndian


def _littered(words: np.ndarray, stored: int) -> bool:
    return not np.array_equal(words, _clean(words, stored))


def _decoded(dataset: Dataset, syntax: UID, each: bytes) -> np.ndarray:
    """(h, w) whole words of one codestream, as `_word` has them."""
    one = dataset.group_dataset(0x0028)  # the pixel module
    one.pop("NumberOfFrames", None)
    # Told that every bit is the picture's, neither pydicom nor GDCM clears the unused ones, and then finds none.
    one.add_new("BitsStored", "US", dataset.BitsAllocated)
    one.add_new("HighBit", "US", dataset.BitsAllocated - 1)
    one.add_new("PixelData", "OB", encapsulate([each]))
    one.file_meta = FileMetaDataset()
    one.file_meta.TransferSyntaxUID = syntax
    return syntaxes.decode(one, syntax).astype(_word(dataset), copy=False)


def _jpeg(whole: bytes) -> bytes:
    """From its start to the end of the first image: what draws it, wherever it stands.

    One that ends in a scan, without the mark of its end, is whole.
    """
    kept, at, marker_in_scan = [JPEG_START], len(JPEG_START), MARKER_IN_JPEG
    while whole[at : at + 2] != END:
        marker, end = _segment_of_stream(whole, at)
        if marker == FRAME_OF_JPEG_LS:
            marker_in_scan = MARKER_IN_JPEG_LS
        if marker == SCAN:
            found = marker_in_scan.search(whole, end)
            end = found.start() if found else len(whole)
        if marker in DRAWS_JPEG:
            kept.append(whole[at:end])
        if marker == SCAN and end == len(whole):
            return b"".join(kept)
        at = end
    return b"".join([*kept, END])


def _j2k(whole: bytes) -> bytes:
    """From its start to its end: what draws it of its header, and its tile-parts by the lengths they say.

    One that lacks the mark of its end is whole: whatever stands in that place lies behind the picture.
    """
    kept, at = [whole[:2]], 2
    while whole[at : at + 2] != TILE:
        marker, end = _segment_of_stream(whole, at)
        if marker in DRAWS_J2K:
            kept.append(whole[at:end])
        at = end
    while whole[at : at + 2] == TILE:
        part = _tile_part(whole, at)
        kept.append(part)
        at += len(part)
    return b"".join([*kept, END if whole[at : at + 2] == END else b""])


def _tile_part(whole: bytes, start: int) -> bytes:
    """A tile-part (T.800, A.4.2), as long as it was: others count on that, so words in its header become zeros."""
    _, at = _segment_of_stream(whole, start)
    kept = [whole[start:at]]
    while whole[at + 1] != DATA:
        marker, end = _segment_of_stream(whole, at)
        kept.append(whole[at:end] if marker in DRAWS_J2K else whole[at:end][:4].ljust(end - at, b"\0"))
        at = end
    (length,) = struct.unpack_from(">I", whole, start + 6)
    end = start + length
    if not length:  # the last one may leave it open; coded data hold no mark of an end (B.10.1)
        end = whole.find(END, at) if END in whole[at:] else len(whole)
    if end < at + 2:
        raise ValueError("a tile-part is shorter than its header")
    return b"".join([*kept, whole[at:end]])


def _segment_of_stream(whole: bytes, at: int) -> tuple[int, int]:
    """(marker, where its segment ends); FILL for a byte before a marker. Raises ValueError where there is none."""
    if whole[at] != 0xFF:
        raise ValueError("a marker is missing")
    marker = whole[at + 1]
    if marker == FILL:
        return FILL, at + 1
    return marker, at + 2 if marker in ALONE else at + 2 + struct.unpack_from(">H", whole, at + 2)[0]
