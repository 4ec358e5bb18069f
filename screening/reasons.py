"""What may become of a sent file: every reason, its outcome, and the sentence for the person who sent it.

The codes are stable: receipts, the API and scripts speak of them. `ml.pixels` and the limited child may say more in
their own sentence; the one here also heads the group of files with that reason. All are kept in English, and translated
where they are shown (`screening.said_elsewhere.said`).
"""

from django.utils.translation import gettext_noop

from screening.models import Receipt

ACCEPTED, DUPLICATE, CONFLICT = Receipt.Outcome.ACCEPTED, Receipt.Outcome.DUPLICATE, Receipt.Outcome.CONFLICT
REJECTED, SKIPPED = Receipt.Outcome.REJECTED, Receipt.Outcome.SKIPPED

REASONS = {
    "": (ACCEPTED, ""),
    "lateral": (ACCEPTED, gettext_noop("AI not applied: lateral view. The film is stored and on the worklist.")),
    "no_content": (
        ACCEPTED,
        gettext_noop("AI not applied: blank or saturated. The film is stored and on the worklist."),
    ),
    "multiframe": (
        ACCEPTED,
        gettext_noop("AI not applied: several pictures in one file. The first is shown; the film is stored."),
    ),
    "undecodable": (
        ACCEPTED,
        gettext_noop(
            "AI not applied: stored, but the picture cannot be decoded yet. It is on the worklist; try it again later."
        ),
    ),
    "joined_withdrawn": (
        ACCEPTED,
        gettext_noop(
            "Stored with its study, which was withdrawn: it stays off the worklist until somebody restores the study."
        ),
    ),
    "same_file": (DUPLICATE, gettext_noop("This file is already here.")),
    "same_film": (DUPLICATE, gettext_noop("This film (same SOP Instance UID and picture) is already here.")),
    "withdrawn": (
        DUPLICATE,
        gettext_noop("Already here, in a study that was withdrawn. Restore the study to have it read."),
    ),
    "uid_conflict": (
        CONFLICT,
        gettext_noop(
            "Another picture with the same SOP Instance UID is already here. Nothing was overwritten; ask who sent "
            "both."
        ),
    ),
    "patient_conflict": (
        CONFLICT,
        gettext_noop(
            "The study of this film is already here under another patient ID. Nothing was stored; ask who sent both."
        ),
    ),
    "manifest_conflict": (
        CONFLICT,
        gettext_noop(
            "The manifest names another patient than the film does. Nothing was stored; correct the one that is wrong."
        ),
    ),
    "manifest": (SKIPPED, gettext_noop("Read as the list of the films.")),
    "companion": (SKIPPED, gettext_noop("Not a film: left out.")),
    "directory": (SKIPPED, gettext_noop("A folder: left out; what is in it has its own lines.")),
    # The file as a whole.
    "empty": (REJECTED, gettext_noop("The file is empty.")),
    "too_large": (REJECTED, gettext_noop("The file is larger than 100 MB.")),
    "unsupported_type": (REJECTED, gettext_noop("The file is not a JPEG, PNG, DICOM or ZIP file.")),
    "truncated": (REJECTED, gettext_noop("The file ends before the picture does: send it again.")),
    "malformed_image": (REJECTED, gettext_noop("The picture is damaged.")),
    "malformed_dicom": (REJECTED, gettext_noop("The DICOM file is damaged.")),
    "executable_preamble": (REJECTED, gettext_noop("The DICOM file begins like a program: have it exported again.")),
    "inflates_too_large": (REJECTED, gettext_noop("The deflated DICOM file unpacks to more than any film holds.")),
    "no_pixels": (REJECTED, gettext_noop("The DICOM file holds no picture.")),
    "not_deidentified": (
        REJECTED,
        gettext_noop("The file could not be de-identified, as this site demands: nothing was kept."),
    ),
    "manifest_row": (
        REJECTED,
        gettext_noop("The row of the manifest for this film is wrong: correct it, and send both again."),
    ),
    "bad_manifest": (REJECTED, gettext_noop("The manifest cannot be read.")),
    "held_missing": (REJECTED, gettext_noop("The bytes of this file are gone from the dry run: send it again.")),
    # The picture.
    "too_many_pixels": (REJECTED, gettext_noop("The picture has more than 64 million pixels.")),
    "too_small": (REJECTED, gettext_noop("The picture is smaller than 128 pixels a side.")),
    "animated": (REJECTED, gettext_noop("The file holds an animation: send single pictures.")),
    "unsupported_modality": (REJECTED, gettext_noop("Not a chest radiograph: the modality is not CR or DX.")),
    "unsupported_body_part": (REJECTED, gettext_noop("Not a chest radiograph: the body part is another one.")),
    "unsupported_photometric": (REJECTED, gettext_noop("The DICOM picture is not a grey one.")),
    "unsupported_depth": (
        REJECTED,
        gettext_noop("The picture does not have 8 to 16 bits a pixel (a JPEG: 8), plainly stored."),
    ),
    "phantoms_only": (
        REJECTED,
        gettext_noop("This site holds synthetic phantoms alone: choose another site for this film."),
    ),
    # The limited child.
    "decoder_crashed": (REJECTED, gettext_noop("The decoder failed on this file. The others were not touched.")),
    "decoder_timeout": (REJECTED, gettext_noop("The decoder took too long on this file. The others were not touched.")),
    "decoder_memory": (REJECTED, gettext_noop("The picture needs more memory than a file may take.")),
    "internal_error": (
        REJECTED,
        gettext_noop("FirstRead failed on this file and wrote it to its log. Send the file again later."),
    ),
    # An archive's entry.
    "encrypted": (REJECTED, gettext_noop("The file in the archive is encrypted: send it without a password.")),
    "unsupported_method": (REJECTED, gettext_noop("The file in the archive is packed by a method other than deflate.")),
    "special_file": (REJECTED, gettext_noop("The entry of the archive is a link or a device, not a file.")),
    "nested_archive": (REJECTED, gettext_noop("An archive inside an archive: send it by itself.")),
    "suspicious_ratio": (REJECTED, gettext_noop("The file in the archive unpacks to more than 100 times its size.")),
    "bad_entry": (REJECTED, gettext_noop("The file in the archive is damaged.")),
    # An archive as a whole.
    "bad_archive": (
        REJECTED,
        gettext_noop("The archive is damaged or not whole: nothing of it was taken. Pack and send it again."),
    ),
    "overlapping_entries": (REJECTED, gettext_noop("Files overlap in the archive: nothing of it was taken.")),
    "archive_too_large": (REJECTED, gettext_noop("The archive is larger than 1 GB, or unpacks to more than 4 GB.")),
    "too_many_entries": (REJECTED, gettext_noop("The archive holds more than 10,000 files: send it in parts.")),
    "nothing_to_process": (REJECTED, gettext_noop("The archive holds no film.")),
}


def outcome(code):
    return REASONS[code][0]


def sentence(code):
    """The sentence of a code; a code that has left the table is shown as it is."""
    return REASONS[code][1] if code in REASONS else code.replace("_", " ")
