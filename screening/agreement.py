"""What second reads tell: how well two readers agree, and how well the AI agrees with what two or three of them found.

A study that is read twice because reader and AI contradict each other is no fair sample of the AI's work. Two figures
are: the studies that chance drew, whatever else led to them; and all studies read twice, each weighted by how many
signed ones it stands for (Begg and Greenes, Biometrics 1983; 39: 207-215, with the weights of Horvitz and Thompson).
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from django.db.models import Count, Exists, OuterRef
from django.utils.translation import pgettext_lazy

from screening import second_reads
from screening.models import Band, Event, Finding, Overruling, Read, SecondRead

Z = 1.959964  # 95 %
# Fewer than so many studies give no figure that anybody should rest on.
FEW = 20
TWO = (Finding.PRESENT, Finding.ABSENT)
REST = second_reads.Why.RANDOM
# The AI's calls: which bands count as pneumonia.
CALLS = [
    (pgettext_lazy("band", "likely"), (Band.LIKELY,)),
    (pgettext_lazy("band", "likely or uncertain"), (Band.LIKELY, Band.UNCERTAIN)),
]


@dataclass(frozen=True)
class Pair:
    """A study read twice: `group` is why, REST where reader and AI did not contradict each other; `drawn`: whether
    chance drew it; `settled`: the finding that came out of it, "" while it waits for a third reader."""

    site: object
    band: str
    group: str
    drawn: bool
    first: str
    second: str
    settled: str


@dataclass(frozen=True)
class Kappa:
    """Cohen's kappa of two readers on present or absent; `interval` 95 %, both None where there are too few (`n`).

    `other`: pairs with an indeterminate or inadequate among them, which count in none of this.
    """

    value: float | None
    interval: tuple | None
    agreed: int
    n: int
    other: int


@dataclass(frozen=True)
class Share:
    """`hits` of `n` studies; weighted, `value` is their share 0..1 and `effective` how many equal ones tell as much."""

    hits: int
    n: int
    value: float | None
    effective: float


def reports(sites, since=None, until=None):
    """The first reports that statistics are about: each study's latest, of no phantom, signed from `since` (included)
    to `until` (not included)."""
    later = Read.objects.filter(
        study=OuterRef("study"), kind=Read.Kind.FIRST, addendum_to=None, signed_at__gt=OuterRef("signed_at")
    )
    found = Read.objects.filter(kind=Read.Kind.FIRST, addendum_to=None, study__site__in=sites)
    found = found.filter(study__synthetic=False, study__site__demo=False).exclude(Exists(later))
    limits = {"signed_at__gte": since, "signed_at__lt": until}
    return found.filter(**{name: instant for name, instant in limits.items() if instant})


def pairs(reports):
    """The Pairs among these reports. One that an addendum alone opened is not: no rule of chance led to it."""
    rows = SecondRead.objects.filter(first__in=reports).exclude(second=None)
    rows = rows.select_related("first", "second", "adjudication", "study")
    drawn = _drawn(rows)
    return [_pair(row, str(row.pk) in drawn) for row in rows]


def _drawn(rows):
    """The ids (text) of those that chance drew, as the history kept it when they were opened."""
    opened = Event.objects.filter(kind=Event.Kind.SECOND_OPENED, detail__drawn=True, study__in=rows.values("study"))
    return set(opened.values_list("detail__second_read", flat=True))


def _pair(row, drawn):
    settled = row.adjudication or row.second
    waits = row.stage != SecondRead.Stage.SETTLED
    return Pair(
        site=row.study.site_id,
        band=row.first.band,
        group=_group(row.first.band, row.first.finding),
        drawn=drawn,
        first=row.first.finding,
        second=row.second.finding,
        settled="" if waits else settled.finding,
    )


def _group(band, finding):
    return str(second_reads.CELLS.get((band, finding), REST))


def kappa(pairs):
    """Cohen's Kappa of the first and the second reader.

    The interval is kappa +- 1.96 standard errors, by the large-sample variance of Fleiss, Cohen and Everitt
    (Psychological Bulletin 1969; 72: 323-327, formula 13). None where n < FEW, or where chance alone explains all.
    """
    two = [(pair.first, pair.second) for pair in pairs if pair.first in TWO and pair.second in TWO]
    counts = Counter(two)
    agreed = sum(counts[each, each] for each in TWO)
    known = {"agreed": agreed, "n": len(two), "other": len(pairs) - len(two)}
    table = np.array([[counts[a, b] for b in TWO] for a in TWO], dtype=float)
    if len(two) < FEW or _expected(table / len(two)) == 1:
        return Kappa(None, None, **known)
    value, error = _kappa(table / len(two), len(two))
    return Kappa(value, (max(-1.0, value - Z * error), min(1.0, value + Z * error)), **known)


def _expected(p):
    return float(p.sum(1) @ p.sum(0))


def _kappa(p, n):
    """(kappa, its standard error) of a table of shares p (2, 2), rows the first reader, from n pairs."""
    rows, columns, expected = p.sum(1), p.sum(0), _expected(p)
    value = (np.trace(p) - expected) / (1 - expected)
    both = np.add.outer(columns, rows)  # both[i, j]: the second reader's share of i, and the first's of j
    same = np.eye(2, dtype=bool)
    on = (p * (1 - both * (1 - value)) ** 2)[same].sum()
    off = (1 - value) ** 2 * (p * both**2)[~same].sum()
    variance = (on + off - (value - expected * (1 - value)) ** 2) / (n * (1 - expected) ** 2)
    return float(value), float(np.sqrt(max(0.0, variance)))


def weights(reports, pairs):
    """{(site, group): how many signed and scored reports each settled pair of it stands for}, and the sites left out.

    By site and group, the reports over the settled pairs: what waits in one group longer than in another does no harm.
    A site where a group has reports and no settled pair cannot be told of, and is left out whole.
    """
    signed = Counter()
    for site, band, finding, number in _counted(reports.exclude(band="")):
        signed[site, _group(band, finding)] += number
    settled = Counter((pair.site, pair.group) for pair in _scored(pairs))
    out = {site for site, group in signed if not settled[site, group]}
    return {key: number / settled[key] for key, number in signed.items() if key[0] not in out}, out


def _counted(reports):
    rows = reports.order_by().values_list("study__site", "band", "finding")
    return rows.annotate(number=Count("pk")).values_list("study__site", "band", "finding", "number")


def _scored(pairs):
    return [pair for pair in pairs if pair.settled and pair.band]


def accuracy(pairs, bands, weigh=None):
    """(sensitivity, specificity), each a Share, of the AI that calls pneumonia by `bands`, against what was settled.

    `weigh`: what `weights` gave; without it every pair counts once. Pairs that settled on neither present nor absent,
    and studies without a score, are in none.
    """
    found = []
    for truth, called in ((Finding.PRESENT, True), (Finding.ABSENT, False)):
        those = [pair for pair in _scored(pairs) if pair.settled == truth]
        if weigh is not None:
            those = [pair for pair in those if (pair.site, pair.group) in weigh]
        right = np.array([(pair.band in bands) == called for pair in those], dtype=bool)
        weight = np.array([weigh[pair.site, pair.group] if weigh else 1.0 for pair in those])
        found.append(_share(right, weight))
    return tuple(found)


def _share(right, weight):
    """The weighted share of `right`, and the effective number of studies: (sum w)^2 / sum w^2 (Kish 1965)."""
    if not len(right):
        return Share(0, 0, None, 0.0)
    value = float((weight * right).sum() / weight.sum())
    return Share(int(right.sum()), len(right), value, float(weight.sum() ** 2 / (weight**2).sum()))


@dataclass
class Cell:
    """What became of the reports of one group: signed, read twice, settled, and the finding changed by that."""

    group: str
    signed: int = 0
    twice: int = 0
    settled: int = 0
    changed: int = 0


def cells(reports, pairs):
    """A Cell for each group, in the order of urgency."""
    found = {str(why): Cell(str(why)) for why in second_reads.URGENCY}
    for _, band, finding, number in _counted(reports):
        found[_group(band, finding)].signed += number
    for pair in pairs:
        cell = found[pair.group]
        cell.twice += 1
        cell.settled += bool(pair.settled)
        cell.changed += bool(pair.settled) and pair.settled != pair.first
    return list(found.values())


def overrulings(reports):
    """[(reason in words, how often)], the most frequent first."""
    counted = Overruling.objects.filter(read__in=reports).values_list("reason").annotate(n=Count("pk"))
    return [(Overruling.Reason(reason).label, number) for reason, number in counted.order_by("-n", "reason")]
