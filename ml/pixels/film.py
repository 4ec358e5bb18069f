"""What a readable file turns into, and the one exception for a file that is not."""

from dataclasses import dataclass

import numpy as np

MAX_PIXELS = 64_000_000  # the largest detectors give about 20 MP; above 64 MP a file is an attack or a scan
# The text chunk by which a PNG of ours says that it was drawn: its keyword, and the text.
PHANTOM = ("FirstRead", "synthetic phantom")
LATERAL_VIEWS = ("LATERAL", "LAT", "LL", "RL", "LLD", "RLD")  # as files name the one view that no model here judges
BLANK = 0.99  # a picture of which more than this share is of one tone, or of its two ends, shows nothing
SAMPLED = 29  # of so many pixels one tells the commonest tone: more than 2 in 100, and in no step with the rows
MIN_SIDE = 128  # less than this is an icon; the model's square is larger


class Unreadable(Exception):
    """The file cannot become a film.

    `code` is stable snake_case for programs; `sentence` is for the person who sent the file, without patient data.
    """

    def __init__(self, code: str, sentence: str):
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True)
class Header:
    """What the file says about itself. Unknown text is "", an unknown number is None."""

    format: str  # "jpeg", "png" or "dicom"
    modality: str = ""
    body_part: str = ""
    view: str = ""  # "PA", "AP", "LATERAL", another upper-case word, or ""
    study_uid: str = ""
    series_uid: str = ""
    sop_uid: str = ""
    patient_name: str = ""
    patient_id: str = ""
    birth_date: str = ""  # ISO
    age_years: float | None = None
    sex: str = ""
    accession: str = ""
    study_time: str = ""  # ISO, in the file's own zone
    description: str = ""
    clinical_question: str = ""
    transfer_syntax: str = ""
    rows: int = 0
    columns: int = 0
    bits: int = 8  # significant bits of `Film.pixels`
    photometric: str = ""
    frames: int = 1
    burned_in: bool = False  # the file says that letters are burned into the picture
    synthetic: bool = False  # a phantom of ours, that says so in its file
    # Between the middles of two rows, and of two columns: both above 0 and below 10 mm, or both None.
    row_spacing_mm: float | None = None
    column_spacing_mm: float | None = None
    spacing_at_detector: bool = False  # not corrected for the patient's distance from the detector


@dataclass(frozen=True)
class Film:
    """One picture, decoded unless its flaw is "undecodable".

    flaw: why no model may judge it: "no_content" (blank or saturated), "multiframe" (the first of several frames),
    "undecodable" (a transfer syntax that is known and cannot be decoded here: pixels and windowed are None), or "".
    flaw_detail: what a sentence about the flaw names: "12 pictures", "JPEG XL (1.2.840.10008.1.2.4.112)".
    pixels: (h, w) uint16 at source depth, after the modality LUT and the single inversion, before VOI; white is dense.
    bits: significant bits of `pixels`, 8 to 16.
    window: (centre, width) in units of `pixels`, or None where the file names none.
    windowed: (h, w) float32 in 0..1, after VOI.
    """

    header: Header
    pixels: np.ndarray | None
    bits: int
    window: tuple[float, float] | None
    windowed: np.ndarray | None
    flaw: str = ""
    flaw_detail: str = ""


def check_size(rows: int, columns: int) -> None:
    """Raise Unreadable for a picture too large to decode or too small to judge; call it before decoding."""
    if rows * columns > MAX_PIXELS:
        raise Unreadable("too_many_pixels", f"The picture has more than {MAX_PIXELS // 1_000_000} million pixels.")
    if min(rows, columns) < MIN_SIDE:
        raise Unreadable("too_small", f"The picture is smaller than {MIN_SIDE} pixels a side.")


def is_blank(pixels: np.ndarray) -> bool:
    """Whether more than 99 % of a picture are one tone, or its two ends: a score on it would be noise.

    pixels: (h, w) uint16. A tone of so many pixels is the median of every SAMPLED-th of them: of these fewer than a
    third can be of other tones. So three tones are counted, and not all.
    """
    flat = pixels.ravel()
    sample = flat[::SAMPLED]
    median = np.partition(sample, sample.size // 2)[sample.size // 2]
    most, low, high = (np.count_nonzero(flat == tone) for tone in (median, flat.min(), flat.max()))
    return max(most, low + high) > BLANK * pixels.size
