"""The plots of the pages as inline SVG, drawn on the server.

Colours are classes of plots.css, and no plot needs them: lines differ in their dashes, bars in their places, and each
plot has its table beside it.
"""

from datetime import timedelta

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from ml.svg import Plot
from screening import turnaround

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
MOST_NAMES = 8
HEADROOM = 1.08
# Above so many minutes an axis is in hours.
IN_HOURS = timedelta(minutes=180)
BAR = 0.34


def by_week(rows, names):
    """Median and 90th percentile of the time to the signature, a point a week; `names` of the weeks, as many."""
    drawn = [(at, row.signed) for at, row in enumerate(rows) if row.signed.count]
    unit, word = _unit([waits.p90 for _, waits in drawn])
    every = -(-len(names) // MOST_NAMES)
    shown = {at: name for at, name in enumerate(names) if at % every == 0}
    plot = Plot((-0.5, len(rows) - 0.5), (0, _top(waits.p90 / unit for _, waits in drawn)), _("week"), word, shown)
    for kind, figure in (("line", "median"), ("second", "p90")):
        points = [(at, getattr(waits, figure) / unit) for at, waits in drawn]
        plot.line(*zip(*points, strict=True), kind)
        for at, height in points:
            plot.dot(at, height, "dot" if kind == "line" else "hollow", 3.5)
    return _svg(
        plot, _("From arrival to signature by week"), _("Solid: half of them wait at most. Dashed: nine of ten.")
    )


def by_band(rows, names):
    """A bar up to the median with a whisker up to the 90th percentile of the time to the signature, for each band."""
    drawn = [(at, row) for at, row in enumerate(rows) if row.signed.count]
    unit, word = _unit([row.signed.p90 for _, row in drawn])
    top = _top(row.signed.p90 / unit for _, row in drawn)
    plot = Plot((-0.5, len(rows) - 0.5), (0, top), _("band"), word, dict(enumerate(names)))
    for at, row in drawn:
        plot.bar(at - BAR / 2, at + BAR / 2, 0, row.signed.median / unit, f"bar {row.of or 'none'}")
        plot.whisker(at, row.signed.median / unit, row.signed.p90 / unit, "whisker")
        plot.dot(at, row.signed.p90 / unit, "hollow", 3.5)
    return _svg(plot, _("From arrival to signature by band"), _("Bars: half of them wait at most. Rings: nine of ten."))


def share_read(shares):
    """{band: shares} of `turnaround.share_read` over the hours since arrival."""
    # xgettext:no-python-format
    share_axis = _("signed, %")
    plot = Plot((0, turnaround.LONGEST_H), (0, 100), _("hours since arrival"), share_axis)
    for band, share in shares.items():
        hours = [step * turnaround.STEP_S / 3600 for step in range(len(share))]
        plot.line(hours, [100 * each for each in share], f"curve {band}")
    return _svg(plot, _("Share signed by the hours since arrival"), _("Solid: likely. Dashed: less likely."))


def simulated(means, groups, policies):
    """Mean waits: for each group of films, {key: words}, a bar a policy, {key: words}; `means` of `Compared.means`."""
    waits = [[means[policy][group]["mean"] for policy in policies] for group in groups]
    unit, word = _unit([timedelta(minutes=max(map(max, waits)))])
    per = unit / MINUTE
    plot = Plot(
        (-0.5, len(groups) - 0.5), (0, _top(each / per for row in waits for each in row)), "", word,
        dict(enumerate(map(str, groups.values()))),
    )  # fmt: skip
    wide = 0.8 / len(policies)
    for at, row in enumerate(waits):
        for place, (policy, wait) in enumerate(zip(policies, row, strict=True)):
            left = at - 0.4 + place * wide
            plot.bar(left, left + 0.9 * wide, 0, wait / per, f"bar {policy}")
    order = ", ".join(map(str, policies.values()))
    return _svg(
        plot, _("Mean wait by group and order"), _("In each group from left to right: %(order)s.") % {"order": order}
    )


def _svg(plot, says, more) -> SafeString:
    return mark_safe(plot.svg(_("%(plot)s; the table has its values") % {"plot": says}, more))  # noqa: S308  Plot escapes its words


def _unit(waits):
    """The unit that fits the longest of the waits, and its name."""
    return (HOUR, _("hours")) if max(waits, default=MINUTE) > IN_HOURS else (MINUTE, _("minutes"))


def _top(heights):
    return max(HEADROOM * max(heights, default=0), 1)
