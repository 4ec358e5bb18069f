"""From the bytes of an uploaded file to a normalised grey picture. NumPy, Pillow, pydicom; no Keras, no Django.

The trainer, the worker and the viewer all come through here, so one film is one picture wherever it is opened.
"""

from ml.pixels import dicom, raster
from ml.pixels.film import PHANTOM, Film, Header, Unreadable
from ml.pixels.rendition import content_hash, model_grey, model_rendition, viewing_rendition

PIXELS_VERSION = "1"  # raise it with any change that moves a value of model_grey: predictions record it

__all__ = [
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
    if dicom.is_dicom(data):
        return dicom.read(data)
    raise Unreadable("unsupported_type", "The file is not a JPEG, PNG or DICOM picture.")
