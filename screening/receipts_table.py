"""The receipts of a batch as CSV: a line a file, streamed, and safe to open in a spreadsheet.

Programs read tables too: their words are English whatever language the page is in.
"""

import csv
from itertools import islice

from django.utils import translation

from screening import blinding, wording
from screening.answers import answers
from screening.models import Band, Receipt
from screening.progress import archives_of

COLUMNS = (
    "file", "outcome", "reason", "sentence", "size", "sha256", "study", "image", "ai", "band", "score", "model",
    "research_use",
)  # fmt: skip
CHUNK = 500
# A spreadsheet takes a cell that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
NOT_UNPACKED = "not unpacked"


def receipts_csv(batch, user=None):
    """Text, a chunk of lines at a time: a header, a line a receipt in the order they were given, and a line an archive
    that is not unpacked (or not to the end), since its files have no line of their own. What the AI says is left out
    where it is hidden from `user`."""
    lines = csv.writer(Echo())
    yield lines.writerow(COLUMNS)
    receipts = Receipt.objects.filter(batch=batch).select_related("study__site").order_by("created_at", "id")
    receipts = receipts.iterator(chunk_size=CHUNK)
    while chunk := list(islice(receipts, CHUNK)):
        said = answers([receipt.image_id for receipt in chunk if receipt.image_id], user)
        hidden = blinding.hidden_ids({receipt.study for receipt in chunk if receipt.study}, user) if user else ()
        yield "".join(
            lines.writerow(_line(receipt, said.get(receipt.image_id), receipt.study_id in hidden)) for receipt in chunk
        )
    yield "".join(lines.writerow(line) for line in _lines_of_archives(batch))


class Echo:
    """csv's writer returns what `write` returns: the line itself."""

    def write(self, line):
        return line


def _line(receipt, answer, hidden):
    study = receipt.study
    with translation.override("en"):
        stands = study and (wording.ai_state(study.ai_state) or "screened")
        return safe((
            receipt.name, receipt.outcome, receipt.reason, receipt.sentence, receipt.size, receipt.sha256,
            receipt.study_id, receipt.image_id, wording.FINDING_FIRST if hidden else stands,
            answer and Band(answer.band).label, answer and answer.score, answer and answer.model_version,
            wording.RESEARCH_USE,
        ))  # fmt: skip


def _lines_of_archives(batch):
    with translation.override("en"):
        return [_line_of_archive(job) for job in archives_of(batch)]


def _line_of_archive(job):
    sentence = job.error_sentence or wording.not_unpacked(job.left, "it waits for its turn")
    nothing = [""] * (len(COLUMNS) - 5)
    return safe((job.name, NOT_UNPACKED, job.error_code, sentence, *nothing, wording.RESEARCH_USE))


def safe(cells):
    """The cells of a line as texts that no spreadsheet takes for formulas; None is empty."""
    return [_safe_cell("" if cell is None else str(cell)) for cell in cells]


def _safe_cell(text):
    return f"'{text}" if text.startswith(FORMULA) else text
