"""What did not go well in a batch, in groups, and which of them to try again."""

from dataclasses import dataclass

from screening import reasons, wording
from screening.models import Batch, Image, Job, Receipt, Screening
from screening.said_elsewhere import said

State = Screening.State
FAILED_FILES = (Receipt.Outcome.REJECTED, Receipt.Outcome.CONFLICT)
# Where something may go wrong, as `Failure.where` says it.
WHERE = ("file", "archive", "confirmation", "film", "screening")
CANCELLED, UNDECODABLE = "cancelled", Image.Gate.UNDECODABLE.value
# Tried again these would end as they did: the bytes are gone, or are no picture.
HOPELESS = ("archive_missing", "original_missing", "rendition_unreadable")


@dataclass(frozen=True)
class Failure:
    """What did not go well for one reason.

    where: "file" (not taken), "archive" (not unpacked), "confirmation" (of a dry run, and not taken yet), "film"
    (stored, and not decodable yet) or "screening" (the AI did not answer). count: files, archives, films. can_retry:
    whether `batches.retry` with this code may succeed.
    """

    where: str
    code: str
    sentence: str
    count: int
    can_retry: bool


def of_files(counted):
    """Of rows {outcome, reason, files}: nothing of these is here, so they can only be sent again."""
    bad = [row for row in counted if row["outcome"] in FAILED_FILES]
    return [Failure("file", row["reason"], said(reasons.sentence(row["reason"])), row["files"], False) for row in bad]


def of_archives(jobs):
    """Of the archives that are not unpacked, each with `left`."""
    by_code = {}
    for job in jobs:
        if job.state in Job.ENDED_BADLY:
            by_code.setdefault(job.error_code, []).append(job)
    return [Failure("archive", code, _why(code, bad), len(bad), code not in HOPELESS) for code, bad in by_code.items()]


def of_confirmation(batch, held):
    """Of a dry run's files that are still held: where taking them has failed, they wait for somebody to try again."""
    if batch.state != Batch.State.CONFIRMING:
        return []
    failed = batch.jobs.filter(kind=Job.Kind.CONFIRM, state__in=(State.FAILED, State.QUARANTINED)).first()
    return [Failure("confirmation", failed.error_code, said(failed.error_sentence), held, True)] if failed else []


def _why(code, jobs):
    if code != CANCELLED:
        return said(jobs[0].error_sentence)
    left = [job.left for job in jobs]
    return wording.not_unpacked(None if None in left else sum(left))


def of_films(gates, screened):
    """Of {gate: images} and rows {state, error_code, sentence, films}; the most frequent first."""
    undecodable = gates.get(UNDECODABLE, 0)
    sentence = said(reasons.sentence(UNDECODABLE))
    groups = [Failure("film", UNDECODABLE, sentence, undecodable, True)] if undecodable else []
    by_code = {}
    for row in screened:
        if row["state"] in Screening.ENDED_BADLY:
            code = CANCELLED if row["state"] == State.CANCELLED else row["error_code"]
            by_code.setdefault(code, []).append(row)
    groups += [_of_screenings(code, rows) for code, rows in by_code.items()]
    return sorted(groups, key=lambda group: -group.count)


def _of_screenings(code, rows):
    sentence = said(wording.SCREENINGS_CANCELLED if code == CANCELLED else rows[0]["sentence"])
    return Failure("screening", code, sentence, sum(row["films"] for row in rows), code not in HOPELESS)
