"""From the bytes of an uploaded file to a normalised grey picture. NumPy, Pillow, pydicom; no Keras, no Django.

The trainer, the worker and the viewer all come through here, so one film is one picture wherever it is opened.
"""

from ml.pixels import raster
from ml.pixels.film import LATERAL_VIEWS, PHANTOM, Film, Header, Unreadable
from ml.pixels.rendition import content_hash, model_grey, model_rendition, viewing_rendition

DICOM_PREFIX = slice(128, 132)  # where a DICOM file says so; bytes without it are not guessed at
PIXELS_VERSION = "1"  # raise it with any change that moves a value of model_grey: predictions record it

__all__ = [
    "LATERAL_VIEWS",
    "PHANTOM",
    "PIXELS_VERSION",
    "Film",
    "Header",
    "Unreadable",
    "content_hash",
    "model_grey",
    "model_rendition",
    "read",
    "viewing_rendition",
]


def read(data: bytes) -> Film:
    """The film in the bytes of a JPEG, PNG or DICOM file, told by content and never by name; raises Unreadable."""
    if not data:
        raise Unreadable("empty", "The file is empty.")
    if raster.is_raster(data):
        return raster.read(data)
    if data[DICOM_PREFIX] == b"DICM":
        # Here, for the codecs come with it: a process that reads renditions alone never loads them.
        from ml.pixels import dicom

        return dicom.read(data)
    raise Unreadable("unsupported_type", "The file is not a JPEG, PNG or DICOM picture.")
