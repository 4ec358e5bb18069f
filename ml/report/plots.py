"""The plots of a report, each from its content."""

import math

from ml.svg import Plot

SIGNS = {"likely": "▲", "uncertain": "◆"}  # as the portal shows the bands
CORNER = 0.3  # how much of each axis the enlarged corner of a curve shows


def roc(found: dict, points: dict, corner: bool) -> str:
    """ROC with its 95 % band and the operating points; `corner`: its upper left part alone."""
    plot = Plot(*_ranges(corner, left=True), "1 - specificity", "sensitivity")
    plot.band(found["false_positive_rate"], found["low"], found["high"])
    plot.line([0, 1], [0, 1], "chance")
    plot.line([0, *found["false_positive_rate"]], [0, *found["sensitivity"]], "line")
    for name, point in points.items():
        plot.mark(1 - point["specificity"]["value"], point["sensitivity"]["value"], SIGNS[name], name)
    return plot.svg(f"ROC curve{', upper left corner' if corner else ''}; the table below has its values")


def pr(found: dict, points: dict, corner: bool) -> str:
    """Precision-recall with its 95 % band; `corner`: its upper right part alone."""
    plot = Plot(*_ranges(corner, left=False), "recall (sensitivity)", "precision")
    plot.band(found["recall"], found["low"], found["high"])
    plot.line(found["recall"], found["precision"], "line")
    for name, point in points.items():
        if point["precision"]["value"] is not None:
            plot.mark(point["sensitivity"]["value"], point["precision"]["value"], SIGNS[name], name)
    return plot.svg(f"Precision-recall curve{', upper right corner' if corner else ''}; the table below has its values")


def _ranges(corner: bool, left: bool) -> tuple:
    if not corner:
        return (0, 1), (0, 1)
    return ((0, CORNER) if left else (1 - CORNER, 1)), (1 - CORNER, 1)


def reliability(calibration: dict) -> str:
    """Mean p of each bin against the share with pneumonia in it, before calibration and after."""
    plot = Plot((0, 1), (0, 1), "mean p of the films in a bin", "share of them with pneumonia")
    plot.line([0, 1], [0, 1], "chance")
    before, after = calibration["before"]["reliability"], calibration["after"]["reliability"]
    films = sum(each["films"] for each in after)
    for each in before:
        plot.dot(each["mean_p"], each["share"]["value"], "hollow", _size(each, films))
    for each in after:
        plot.whisker(each["mean_p"], *each["share"]["interval"], "whisker")
        plot.dot(each["mean_p"], each["share"]["value"], "dot", _size(each, films))
    return plot.svg("Reliability before and after calibration; the table below has its values")


def _size(each: dict, films: int) -> float:
    """Radius of a bin's dot: its area grows with the films in the bin."""
    return 3 + 6 * math.sqrt(each["films"] / films)


def training(curves: list[dict], figure: str) -> str:
    """`figure` (accuracy or loss) of training and validation by epoch, a pair of lines for each member."""
    values = [row[key] for row in curves for key in (figure, f"val_{figure}") if key in row]
    plot = Plot((1, max(2, *(row["epoch"] for row in curves))), _span(values, figure), "epoch", figure)
    for member in sorted({row.get("member", 0) for row in curves}):
        for key, kind in ((figure, "line second"), (f"val_{figure}", "line")):
            rows = [row for row in curves if row.get("member", 0) == member and key in row]
            plot.line([row["epoch"] for row in rows], [row[key] for row in rows], kind)
            for row in rows if len(rows) == 1 else []:
                plot.dot(row["epoch"], row[key], "dot")
    return plot.svg(f"{figure.capitalize()} by epoch; the table below has its values")


def _span(values: list[float], figure: str) -> tuple[float, float]:
    """A range that holds the values with round ends: a loss from 0, an accuracy up to 1."""
    if figure == "loss":
        return 0.0, math.ceil(10 * max(values) + 0.5) / 10
    return min(0.9, math.floor(20 * min(values)) / 20), 1.0
