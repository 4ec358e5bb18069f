"""Turn-around as tables: the same rows for the page and for the CSV."""

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import dates
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from screening import turnaround, wording
from screening.models import Band, Priority, Site
from screening.receipts_table import safe

# At these hours the share signed is told in words beside its plot.
HOURS = (0.5, 1, 2, 4, 8, 12, 24, 48)
WITHOUT_AI = _("Without a band")
GROUPS = {Band.LIKELY: pgettext_lazy("band", "Likely"), "others": _("All others"), "all": _("All studies")}
COLUMNS = (
    "table", "group", "studies", "not_signed_yet", "ai_median_min", "ai_p90_min", "ai_max_min", "reader_median_min",
    "reader_p90_min", "reader_max_min", "signed_median_min", "signed_p90_min", "signed_max_min", "within_limit",
    "limit_known", "fifo_mean_min", "fifo_median_min", "fifo_p90_min", "fifo_max_min", "mean_min", "share",
    "research_use",
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    """Rows of figures with what each is called: [(words, turnaround.Row)]."""

    title: str
    column: str
    rows: list


def tables(found, more_sites):
    """The Tables of turnaround.Figures; the one by site only where there are several to tell apart."""
    made = [
        Table(_("By class"), _("Class"), found.classes),
        Table(_("By band, as the AI said it at the signature"), _("Band"), found.bands),
        Table(_("By ISO week of arrival"), _("Week"), found.weeks),
    ]
    if more_sites:
        made.append(Table(_("By site"), _("Site"), found.sites))
    everything = [(_("All studies"), found.total)]
    return [
        Table(table.title, table.column, [*((called(row.of), row) for row in table.rows), *everything])
        for table in made
    ]


def called(of):
    """What a row is of, in words: `Stat`, `Likely`, `Week 10, from 2 Mar`, a site's name."""
    if isinstance(of, Priority):
        return of.label.capitalize()
    if isinstance(of, date):
        # Translators: an ISO week and its first day, such as "Week 10, from 2 Mar".
        return gettext("Week %(week)s, from %(day)s") % {"week": of.isocalendar().week, "day": week_name(of)}
    if isinstance(of, Site):
        return of.name
    return str(Band(of).label if of else WITHOUT_AI)


def week_name(of):
    """A week under a plot: `2 Mar`."""
    return f"{of.day} {dates.MONTHS_3[of.month].capitalize()}"


def shares(found):
    """[(hours, [share of each band])] of `turnaround.share_read`, in the order of its bands."""
    return [(hours, [share[int(hours * 3600) // turnaround.STEP_S] for share in found.values()]) for hours in HOURS]


def csv_of(made, against, shared):
    """The tables of a page as CSV; waits in minutes. `shared`: {band: shares} of `turnaround.share_read`."""
    out = io.StringIO()
    lines = csv.DictWriter(out, COLUMNS, restval="")
    lines.writeheader()
    for line in [*_figures(made), *map(_replayed, against), *_shared(shared)]:
        said = line | {"research_use": wording.RESEARCH_USE}
        lines.writerow(dict(zip(said, safe(said.values()), strict=True)))
    return out.getvalue()


def _figures(made):
    for table in made:
        for words, row in table.rows:
            line = {"table": table.title, "group": words, "studies": row.studies, "not_signed_yet": row.unsigned}
            line |= {"within_limit": row.within, "limit_known": row.decided}
            for name, waits in (("ai", row.screened), ("reader", row.claimed), ("signed", row.signed)):
                line |= _minutes(name, median=waits.median, p90=waits.p90, max=waits.longest)
            yield line


def _replayed(each):
    line = {"table": "Against first come, first served", "group": GROUPS[each.of], "studies": each.studies}
    line |= {"mean_min": _in_minutes(each.actual.mean), "fifo_mean_min": _in_minutes(each.fifo.mean)}
    for name, spread in (("signed", each.actual), ("fifo", each.fifo)):
        line |= _minutes(name, median=spread.median, p90=spread.p90, max=spread.longest)
    return line


def _shared(found):
    for hours, each in shares(found):
        for band, share in zip(found, each, strict=True):
            group = f"{Band(band).label}: share signed within {hours:g} h"
            yield {"table": "Share signed", "group": group, "share": f"{share:.4f}"}


def _minutes(name, **waits):
    return {f"{name}_{figure}_min": _in_minutes(wait) for figure, wait in waits.items()}


def _in_minutes(wait):
    return None if wait is None else f"{wait / timedelta(minutes=1):.1f}"
