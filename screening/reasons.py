"""What may become of a sent file: every reason, its outcome, and the sentence for the person who sent it.

The codes are stable: receipts, the API and scripts speak of them. `ml.pixels` and the limited child may say more in
their own sentence; the one here also heads the group of files with that reason.
"""

from screening.models import Receipt

ACCEPTED, DUPLICATE, CONFLICT = Receipt.Outcome.ACCEPTED, Receipt.Outcome.DUPLICATE, Receipt.Outcome.CONFLICT
REJECTED, SKIPPED = Receipt.Outcome.REJECTED, Receipt.Outcome.SKIPPED

REASONS = {
    "": (ACCEPTED, ""),
    "lateral": (ACCEPTED, "AI not applied: lateral view. The film is stored and on the worklist."),
    "no_content": (ACCEPTED, "AI not applied: blank or saturated. The film is stored and on the worklist."),
    "multiframe": (ACCEPTED, "AI not applied: several pictures in one file. The first is shown; the film is stored."),
    "undecodable": (
        ACCEPTED,
        "AI not applied: stored, but the picture cannot be decoded yet. It is on the worklist; try it again later.",
    ),
    "joined_withdrawn": (
        ACCEPTED,
        "Stored with its study, which was withdrawn: it stays off the worklist until somebody restores the study.",
    ),
    "same_file": (DUPLICATE, "This file is already here."),
    "same_film": (DUPLICATE, "This film (same SOP Instance UID and picture) is already here."),
    "withdrawn": (DUPLICATE, "Already here, in a study that was withdrawn. Restore the study to have it read."),
    "uid_conflict": (
        CONFLICT,
        "Another picture with the same SOP Instance UID is already here. Nothing was overwritten; ask who sent both.",
    ),
    "patient_conflict": (
        CONFLICT,
        "The study of this film is already here under another patient ID. Nothing was stored; ask who sent both.",
    ),
    "manifest_conflict": (
        CONFLICT,
        "The manifest names another patient than the film does. Nothing was stored; correct the one that is wrong.",
    ),
    "manifest": (SKIPPED, "Read as the list of the films."),
    "companion": (SKIPPED, "Not a film: left out."),
    "directory": (SKIPPED, "A folder: left out; what is in it has its own lines."),
    # The file as a whole.
    "empty": (REJECTED, "The file is empty."),
    "too_large": (REJECTED, "The file is larger than 100 MB."),
    "unsupported_type": (REJECTED, "The file is not a JPEG, PNG, DICOM or ZIP file."),
    "truncated": (REJECTED, "The file ends before the picture does: send it again."),
    "malformed_image": (REJECTED, "The picture is damaged."),
    "malformed_dicom": (REJECTED, "The DICOM file is damaged."),
    "executable_preamble": (REJECTED, "The DICOM file begins like a program: have it exported again."),
    "inflates_too_large": (REJECTED, "The deflated DICOM file unpacks to more than any film holds."),
    "no_pixels": (REJECTED, "The DICOM file holds no picture."),
    "not_deidentified": (REJECTED, "The file could not be de-identified, as this site demands: nothing was kept."),
    "manifest_row": (REJECTED, "The row of the manifest for this film is wrong: correct it, and send both again."),
    "bad_manifest": (REJECTED, "The manifest cannot be read."),
    "held_missing": (REJECTED, "The bytes of this file are gone from the dry run: send it again."),
    # The picture.
    "too_many_pixels": (REJECTED, "The picture has more than 64 million pixels."),
    "too_small": (REJECTED, "The picture is smaller than 128 pixels a side."),
    "animated": (REJECTED, "The file holds an animation: send single pictures."),
    "unsupported_modality": (REJECTED, "Not a chest radiograph: the modality is not CR or DX."),
    "unsupported_body_part": (REJECTED, "Not a chest radiograph: the body part is another one."),
    "unsupported_photometric": (REJECTED, "The DICOM picture is not a grey one."),
    "unsupported_depth": (REJECTED, "The picture does not have 8 to 16 bits a pixel (a JPEG: 8), plainly stored."),
    "phantoms_only": (REJECTED, "This site holds synthetic phantoms alone: choose another site for this film."),
    # The limited child.
    "decoder_crashed": (REJECTED, "The decoder failed on this file. The others were not touched."),
    "decoder_timeout": (REJECTED, "The decoder took too long on this file. The others were not touched."),
    "decoder_memory": (REJECTED, "The picture needs more memory than a file may take."),
    "internal_error": (REJECTED, "FirstRead failed on this file and wrote it to its log. Send the file again later."),
    # An archive's entry.
    "encrypted": (REJECTED, "The file in the archive is encrypted: send it without a password."),
    "unsupported_method": (REJECTED, "The file in the archive is packed by a method other than deflate."),
    "special_file": (REJECTED, "The entry of the archive is a link or a device, not a file."),
    "nested_archive": (REJECTED, "An archive inside an archive: send it by itself."),
    "suspicious_ratio": (REJECTED, "The file in the archive unpacks to more than 100 times its size."),
    "bad_entry": (REJECTED, "The file in the archive is damaged."),
    # An archive as a whole.
    "bad_archive": (REJECTED, "The archive is damaged or not whole: nothing of it was taken. Pack and send it again."),
    "overlapping_entries": (REJECTED, "Files overlap in the archive: nothing of it was taken."),
    "archive_too_large": (REJECTED, "The archive is larger than 1 GB, or unpacks to more than 4 GB."),
    "too_many_entries": (REJECTED, "The archive holds more than 10,000 files: send it in parts."),
    "nothing_to_process": (REJECTED, "The archive holds no film."),
}


def outcome(code):
    return REASONS[code][0]


def sentence(code):
    """The sentence of a code; a code that has left the table is shown as it is."""
    return REASONS[code][1] if code in REASONS else code.replace("_", " ")
