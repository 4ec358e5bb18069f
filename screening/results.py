"""What was signed at a site, for those who treat by it: a list by day, and the same as CSV."""

import csv
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Min
from django.utils import translation
from django.utils.translation import gettext as _

from screening import reading, wording, worklist
from screening.models import Event, Read, Site, Study
from screening.receipts_table import Echo, safe

# So many days at once, and so many studies on a page; the CSV holds all of them.
DAYS, SHOWN, CHUNK = 31, 1000, 500
COLUMNS = (
    "signed", "corrected", "accession", "patient_id", "patient_name", "birth_date", "sex", "finding", "side",
    "certainty", "comment", "urgent", "told_to", "told_at", "reader", "ai_band", "ai_score", "model", "study",
    "synthetic", "research_use",
)  # fmt: skip


class WrongDays(ValueError):
    """The days asked for are none; `sentence` says why."""

    def __init__(self, sentence):
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Days:
    """Whole days of a site's own calendar, both included. Raises WrongDays for more than DAYS, or fewer than one."""

    site: Site
    first: date
    last: date

    def __post_init__(self):
        if self.last < self.first:
            raise WrongDays(_("The last day lies before the first."))
        if self.last - self.first >= timedelta(days=DAYS):
            sentence = _("Choose %(days)s days at most; for a longer time take several lists.")
            raise WrongDays(sentence % {"days": DAYS})
        if not 1900 < self.first.year < 3000:
            raise WrongDays(_("Choose days of this century."))

    @property
    def bounds(self):
        """The first instant, and the first one that is too late."""
        return self._midnight(self.first), self._midnight(self.last + timedelta(days=1))

    def _midnight(self, day):
        return datetime.combine(day, time(0), ZoneInfo(self.site.time_zone))


@dataclass(frozen=True)
class Result:
    """One study with the Read that counts now; `signed_at` is when it was first signed."""

    study: Study
    read: Read
    signed_at: datetime

    @property
    def corrected(self):
        """Whether something counts now that was signed after the first report."""
        return reading.corrects(self.read) or self.read.signed_at != self.signed_at

    @property
    def urgent(self):
        """The reads that tell of another urgent finding: none is lost because a later read counts."""
        return [read for read in self.study.reads.all() if read.urgent]

    @property
    def score(self):
        """What the AI said when the report was signed, 0 to 100, or None."""
        return None if self.read.probability is None else round(100 * self.read.probability)


def today(site):
    """The day it is at the site now."""
    return worklist.database_now().astimezone(ZoneInfo(site.time_zone)).date()


def signed(days):
    """Studies (a queryset) of which something was signed on these days, by time: a report, an addendum, an
    adjudication, or a second read that tells of another urgent finding."""
    start, end = days.bounds
    counting = Read.objects.exclude(kind=Read.Kind.SECOND, urgent="").filter(study__site=days.site)
    on_them = counting.filter(signed_at__gte=start, signed_at__lt=end)
    studies = Study.objects.filter(pk__in=on_them.values("study"))
    studies = studies.annotate(first_signed=Min("reads__signed_at")).order_by("first_signed", "pk")
    return studies.prefetch_related("reads__reader", "reads__model_version")


def of(studies):
    """The Results of some studies of `signed`."""
    return [Result(study, reading.report(study), study.first_signed) for study in studies]


def note(days, user, how):
    """Leave the Event of a list, a print or a CSV (`how`) that somebody took."""
    taken = {"how": how, "first": days.first.isoformat(), "last": days.last.isoformat()}
    Event.note(Event.Kind.RESULTS, actor=user, site=days.site, **taken)


def results_csv(days):
    """Text, a line at a time: a header, and a line a study. Times are the site's own, with their offset."""
    lines, zone = csv.writer(Echo()), ZoneInfo(days.site.time_zone)
    yield lines.writerow(COLUMNS)
    for study in signed(days).iterator(chunk_size=CHUNK):
        yield lines.writerow(_line(Result(study, reading.report(study), study.first_signed), zone))


def _line(result, zone):
    study, read = result.study, result.read
    with translation.override("en"):  # as every table
        return _cells(result, study, read, zone)


def _cells(result, study, read, zone):
    return safe((
        _at(result.signed_at, zone), _at(read.signed_at, zone) if result.corrected else "", study.accession,
        study.patient_id, study.patient_name, study.birth_date, study.sex, read.get_finding_display(),
        read.get_side_display(), read.get_certainty_display(), read.comment,
        _each(said.urgent for said in result.urgent), _each(said.told_to for said in result.urgent),
        _each(_at(said.told_at, zone) for said in result.urgent),
        read.reader.get_full_name() or read.reader.username, read.get_band_display(), result.score, read.model_version,
        study.get_status_display(), "synthetic phantom" if study.synthetic else "", wording.RESEARCH_USE,
    ))  # fmt: skip


def _each(said):
    """What several reads say, in one cell; a read that says nothing keeps its place."""
    return " / ".join(each or "" for each in said)


def _at(instant, zone):
    return instant and instant.astimezone(zone).isoformat(timespec="minutes")
