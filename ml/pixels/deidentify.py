"""De-identification: a file as a site may keep it that keeps no names (PS3.15, Basic Confidentiality Profile).

By a whitelist: what is needed to read the picture and to sort it stays, identities become pseudonyms under the site's
key, and everything else goes, known or not: private elements, overlays, curves, icons, comments, dates. Letters that
are burned into the picture stay: nobody looks for them here (option 113101 is not claimed).
"""

import io
import re
import warnings

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydicom import dcmwrite
from pydicom.datadict import dictionary_VM, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from ml.pixels import dicom, raster, tags
from ml.pixels.bare import bare
from ml.pixels.film import PHANTOM, Unreadable
from ml.pixels.pseudonym import pseudonym, uid

# The pixel module, what turns its values into tones, and how the picture was taken.
KEPT = [
    "SOPClassUID", "Modality", "BodyPartExamined", "ImageType", "PresentationIntentType", "ImageLaterality",
    "Laterality", "BurnedInAnnotation", "SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns",
    "NumberOfFrames", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelAspectRatio",
    "PixelSpacing", "ImagerPixelSpacing", "PixelPaddingValue", "PixelPaddingRangeLimit", "RescaleSlope",
    "RescaleIntercept", "RescaleType", "WindowCenter", "WindowWidth", "VOILUTFunction", "PresentationLUTShape",
    "PixelIntensityRelationship", "PixelIntensityRelationshipSign", "LossyImageCompression", "KVP",
]  # fmt: skip
TABLES = ("ModalityLUTSequence", "VOILUTSequence")
TABLE = ("LUTDescriptor", "LUTData", "ModalityLUTType")
UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
# A code string (PS3.5, 6.2); the longest word that says how a chest film was taken has 12 letters.
CODE = re.compile(r"[A-Z0-9_ ]{1,16}")
# A number (PS3.5, 6.2) may have 16 characters; many write all the digits of a float.
NUMBER = re.compile(r"(?=.{1,32}$)[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
UID_OF_ANY = re.compile(r"(?=.{1,64}$)(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")  # PS3.5, 9.1
# VR: what a value of it looks like. Any other VR is free text, or nothing that a picture needs.
WRITTEN = {"CS": CODE, "LO": CODE, "SH": CODE, "DS": NUMBER, "IS": NUMBER, "UI": UID_OF_ANY}
HELD = {"US": int, "SS": int, "OW": bytes}
METHODS = (("113100", "Basic Application Confidentiality Profile"), ("113108", "Retain Patient Characteristics Option"))


def deidentified(data: bytes, key: bytes) -> bytes:
    """The file as it may be kept, under the pseudonyms of `key`; a JPEG or PNG becomes a PNG of its picture alone.

    Raises Unreadable with the code "not_deidentified" where that cannot be done.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's remarks may quote values, and values are patient data
            return _picture(data) if raster.is_raster(data) else _dataset(data, key)
    except (MemoryError, Unreadable):
        raise
    except Exception:  # pydicom raises many types; whatever it was, the file must not be kept as it came
        raise Unreadable("not_deidentified", "The file could not be de-identified, as this site demands.") from None


def _picture(data: bytes) -> bytes:
    film, about = raster.read(data), PngInfo()
    if film.header.synthetic:
        about.add_text(*PHANTOM)
    out = io.BytesIO()
    grey = film.pixels.astype("uint8" if film.bits <= 8 else "uint16")
    Image.fromarray(grey).save(out, "PNG", compress_level=1, pnginfo=about)
    return out.getvalue()


def _dataset(data: bytes, key: bytes) -> bytes:
    sent, _ = dicom.parsed(data)
    kept = FileDataset(None, Dataset(), file_meta=FileMetaDataset(), preamble=bytes(128))
    for keyword in KEPT:
        _keep(kept, sent, keyword)
    for keyword in TABLES:
        tables = _element(sent, keyword)
        if tables is not None and tables.VR == "SQ" and tables.value:
            setattr(kept, keyword, Sequence(_table(item) for item in tables.value))
    _identify(kept, sent, key)
    picture, syntax = bare(sent, sent.file_meta.TransferSyntaxUID)
    kept.file_meta.TransferSyntaxUID = syntax
    kept.add_new("PixelData", sent["PixelData"].VR if syntax == sent.file_meta.TransferSyntaxUID else "OW", picture)
    kept["PixelData"].is_undefined_length = syntax.is_encapsulated
    for keyword in ("SOPClassUID", "SOPInstanceUID"):
        if keyword in kept:
            setattr(kept.file_meta, f"MediaStorage{keyword}", kept[keyword].value)
    out, whole = io.BytesIO(), "SOPClassUID" in kept and "SOPInstanceUID" in kept
    order = {"implicit_vr": syntax == ImplicitVRLittleEndian, "little_endian": syntax != ExplicitVRBigEndian}
    dcmwrite(out, kept, **order, enforce_file_format=whole)
    return out.getvalue()


def _keep(kept: Dataset, sent: Dataset, keyword: str) -> None:
    """An element as it came, where it can say no more than the dictionary has it for (PS3.6).

    A sender may name any VR in an explicit file, and put a sentence where a number belongs.
    """
    element = _element(sent, keyword)
    if element is None or element.VR not in dictionary_VR(element.tag).split(" or "):
        return
    values = _values(element)
    if all(_plain(element.VR, value) for value in values):
        kept[keyword] = DataElement(element.tag, element.VR, values if len(values) != 1 else values[0])


def _element(sent: Dataset, keyword: str) -> DataElement | None:
    """None where it is absent, or its value is none of its VR: the reader takes that for absent, too."""
    try:
        return sent[keyword]
    except MemoryError:
        raise  # says something of this process, not of the file
    except Exception:  # pydicom raises many types on broken values
        return None


def _values(element: DataElement) -> list:
    """As many as the dictionary allows: the reader goes by the first, and the others may be bytes of anything."""
    most = dictionary_VM(element.tag).split("-")[-1]
    values = list(element.value) if element.VM > 1 else [element.value]
    return values if most == "n" else values[: int(most)]


def _plain(vr: str, value) -> bool:
    if vr in WRITTEN:
        return bool(WRITTEN[vr].fullmatch(getattr(value, "original_string", str(value)).strip(" ")))
    return isinstance(value, HELD.get(vr, ()))


def _table(item: Dataset) -> Dataset:
    """A table of tones, and nothing behind the last of its entries (PS3.3, C.11.1.1)."""
    kept = Dataset()
    for keyword in TABLE:
        _keep(kept, item, keyword)
    entries = int(tags.number(kept, "LUTDescriptor", 0)) % 2**16 or 2**16  # 0 says 65536; as SS it may be negative
    data = kept.get("LUTData")
    if isinstance(data, bytes):
        kept.LUTData = data[: 2 * entries]
    elif isinstance(data, MultiValue):
        kept.LUTData = data[:entries]
    return kept


def _identify(kept: Dataset, sent: Dataset, key: bytes) -> None:
    """Pseudonyms in place of identities, and how it was done."""
    header = tags.header(sent, "")
    for keyword in UIDS:
        if value := tags.uid(sent, keyword):
            setattr(kept, keyword, uid(key, value))
    kept.SpecificCharacterSet = "ISO_IR 192"
    kept.PatientID = kept.PatientName = header.patient_id and pseudonym(key, "patient", header.patient_id)
    kept.AccessionNumber = header.accession and pseudonym(key, "accession", header.accession)
    kept.PatientBirthDate = kept.StudyDate = kept.StudyTime = ""
    kept.PatientSex = header.sex if header.sex in "MFO" else ""
    if header.age_years is not None:
        kept.PatientAge = _age(header.age_years)
    kept.ViewPosition = header.view if header.view in ("PA", "AP", "LATERAL") else ""
    kept.PatientIdentityRemoved, kept.LongitudinalTemporalInformationModified = "YES", "REMOVED"
    kept.DeidentificationMethodCodeSequence = Sequence(_code(*method) for method in METHODS)


def _age(years: float) -> str:
    """As DICOM writes an age; in months below two years, for a model may know small children alone."""
    return f"{int(years * 12):03}M" if years < 2 else f"{min(int(years), 999):03}Y"


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item
