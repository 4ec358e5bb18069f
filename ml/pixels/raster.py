"""JPEG and PNG to a film."""

import contextlib
import io
import warnings

import numpy as np
from PIL import Image

from ml.pixels import codestream
from ml.pixels.film import PHANTOM, Film, Header, Unreadable, check_size, is_blank

ORIENTATION_TAG = 0x0112
# EXIF orientation -> the move that puts the picture upright (CIPA DC-008, 4.6.4 A)
UPRIGHT = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.T,
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].T,
    8: lambda a: np.rot90(a, 1),
}


def is_raster(data: bytes) -> bool:
    return data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))


def read(data: bytes) -> Film:
    """A film from the bytes of a JPEG or PNG; raises Unreadable."""
    picture = _open(data)
    orientation = _orientation(picture)
    grey, bits = _grey(_load(picture))
    if picture.format == "PNG":
        _verify(data)
    pixels = np.ascontiguousarray(UPRIGHT.get(orientation, lambda a: a)(grey), dtype=np.uint16)
    header = Header(
        format="png" if picture.format == "PNG" else "jpeg",
        rows=pixels.shape[0],
        columns=pixels.shape[1],
        bits=bits,
        photometric="MONOCHROME2",
        synthetic=picture.info.get(PHANTOM[0]) == PHANTOM[1],
    )
    windowed = pixels.astype(np.float32) / np.float32(2**bits - 1)
    return Film(header, pixels, bits, None, windowed, "no_content" if is_blank(pixels) else "")


def _open(data: bytes) -> Image.Image:
    """The picture with its header read and nothing decoded: size and frames are checked here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of size at 89 MP; check_size below refuses at 64 MP
            picture = Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
            animated = picture.format == "PNG" and getattr(picture, "n_frames", 1) > 1
    except Image.DecompressionBombError:
        raise Unreadable("too_many_pixels", "The picture has more than 64 million pixels.") from None
    except Exception:  # Pillow raises a dozen types on hostile headers; all mean the same to the sender
        _refuse_depth(data)
        raise Unreadable("malformed_image", "The file starts like a picture, but its header is damaged.") from None
    check_size(picture.height, picture.width)
    if animated:
        raise Unreadable("animated", "The file holds an animation; send single pictures.")
    return picture


def _refuse_depth(data: bytes) -> None:
    """Raise Unreadable for a JPEG of 12 bits, which Pillow does not open: it is sound, and its sender can mend it."""
    with contextlib.suppress(ValueError):
        if codestream.frame(data).bits > 8:
            raise Unreadable(
                "unsupported_depth", "The JPEG has more than 8 bits a pixel: send a PNG of 16 bits, or DICOM."
            )


def _load(picture: Image.Image) -> Image.Image:
    with _refusing_damage():
        picture.load()
    return picture


def _verify(data: bytes) -> None:
    """Decoding a PNG looks neither at the checksums of its pixels nor for its end; this does."""
    with _refusing_damage(), Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
        picture.verify()


@contextlib.contextmanager
def _refusing_damage():
    try:
        yield
    except MemoryError:
        raise  # says something of this process, not of the file
    except Exception as error:  # as above: OSError, SyntaxError, ValueError, zlib.error, struct.error, ...
        if "truncated" in str(error).lower():
            raise Unreadable("truncated", "The picture ends too early: the file is incomplete.") from None
        raise Unreadable("malformed_image", "The picture data is damaged.") from None


def _orientation(picture: Image.Image) -> int:
    try:
        return int(picture.getexif().get(ORIENTATION_TAG, 1))
    except Exception:  # a damaged EXIF block says nothing about the picture: take it as it lies
        return 1


def _grey(picture: Image.Image) -> tuple[np.ndarray, int]:
    """(h, w) grey values and their bits. Transparent parts become black, as a viewing box shows no film."""
    if picture.mode.startswith("I"):  # 16-bit grey; convert("L") would clip it to white
        return np.clip(np.asarray(picture), 0, 65535).astype(np.uint16), 16
    if picture.mode in ("LA", "La", "RGBA", "RGBa", "PA", "P") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, (0, 0, 0, 255)), picture)
    if picture.mode == "CMYK":
        picture = picture.convert("RGB")
    return np.asarray(picture.convert("L")), 8
