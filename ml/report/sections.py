"""The sections on how good a model is, each from its content to HTML; "" where there is nothing to show."""

from ml.report import html, plots
from ml.report.html import Cell, Markup, rated

BANDS = {"likely": "▲ likely", "uncertain": "◆ uncertain", "less_likely": "▽ less likely"}
POINTS = {"likely": "▲ from here up: likely", "uncertain": "◆ from here up: uncertain, below: less likely"}
RATES = ("sensitivity", "specificity", "accuracy", "precision")
ROC_AT = (0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
PR_AT = (0.5, 0.8, 0.9, 0.95, 0.98, 1)


def interval_of(figures: dict, name: str) -> str:
    return "{:.3f} to {:.3f}".format(*figures["intervals"][name])


def operating_points(figures: dict) -> Markup:
    points = figures["operating_points"]
    rows = [
        [POINTS[name], f"{point['threshold']:.4f}", *(rated(point[rate]) for rate in RATES)]
        for name, point in points.items()
    ]
    return html.section(
        "Operating points",
        html.say("Thresholds on the calibrated score, which holds at a prevalence of 20 %."),
        html.table(["point", "score", *RATES], rows, "Rates on these films, with 95 % intervals"),
        html.pair(*(_confusion(POINTS[name], point["confusion"]) for name, point in points.items())),
    )


def _confusion(name: str, counts: dict) -> Markup:
    rows = [
        ["pneumonia", Cell("right", counts["true_positive"]), Cell("wrong", f"{counts['false_negative']} missed")],
        ["other", Cell("wrong", f"{counts['false_positive']} false alarms"), Cell("right", counts["true_negative"])],
    ]
    return html.table(["what it was", "called pneumonia", "not called"], rows, f"Confusion matrix, films. {name}")


def roc(found: dict) -> Markup:
    curve, points = found["roc"], found["figures"]["operating_points"]
    cells = _values(curve, "false_positive_rate", "sensitivity", ROC_AT)
    return html.section(
        f"ROC: area {found['figures']['auc']:.3f} ({interval_of(found['figures'], 'auc')})",
        html.pair(
            html.figure(plots.roc(curve, points, corner=False), "Line: these films. Shade: 95 %, by patient."),
            html.figure(plots.roc(curve, points, corner=True), "Its upper left corner. ▲ ◆ operating points."),
        ),
        html.table(
            ["1 - specificity", *ROC_AT], [["sensitivity", *cells]], "Sensitivity where so many others are called"
        ),
    )


def pr(found: dict) -> Markup:
    curve, figures = found["pr"], found["figures"]
    cells = _values(curve, "recall", "precision", PR_AT)
    return html.section(
        f"Precision and recall: area {figures['pr_auc']:.3f} ({interval_of(figures, 'pr_auc')})",
        html.say(
            f"Precision depends on how common pneumonia is: here {100 * figures['prevalence']:.0f} % of the films. "
            "The table of predictive values below says what to expect elsewhere."
        ),
        html.pair(
            html.figure(plots.pr(curve, figures["operating_points"], corner=False), "Line: these films. Shade: 95 %."),
            html.figure(plots.pr(curve, figures["operating_points"], corner=True), "Its upper right corner."),
        ),
        html.table(["recall", *PR_AT], [["precision", *cells]], "Precision where so many pneumonias are called"),
    )


def _values(curve: dict, x: str, y: str, wanted: tuple) -> list[Cell]:
    found = []
    for value in wanted:
        i = min(range(len(curve[x])), key=lambda i: abs(curve[x][i] - value))
        rate = {"value": curve[y][i], "interval": (curve["low"][i], curve["high"][i])}
        found.append(Cell("stacked", rated(rate)))
    return found


def calibration(found: dict) -> Markup:
    ways = found["figures"]["calibration"]
    rows = [[name, f"{ways[key]['ece']:.4f}", f"{ways[key]['brier']:.4f}"] for key, name in CALIBRATIONS.items()]
    if held := found["held_out_calibration"]:
        rows.append(["after, fitted on the other half of the patients", f"{held['ece']:.4f}", f"{held['brier']:.4f}"])
    bins = [
        [f"{each['from']:.2f} to {each['to']:.2f}", each["films"], f"{each['mean_p']:.3f}", rated(each["share"])]
        for each in ways["after"]["reliability"]
    ]
    return html.section(
        "Calibration",
        html.pair(
            html.figure(plots.reliability(ways), "Filled: after, with 95 %. Hollow: before. Larger: more films."),
            html.table(["", "ECE", "Brier"], rows, "Before and after temperature scaling; lower is better"),
        ),
        html.table(["p", "films", "mean p", "share with pneumonia"], bins, "Reliability after calibration"),
        html.say(
            "p at these films' own prevalence. Temperature and prevalence may have been fitted on the same films."
        ),
    )


CALIBRATIONS = {"before": "before: the sigmoid of the raw logit", "after": "after: as shipped"}


def predictive_values(figures: dict) -> Markup:
    tables = []
    for name, rows in figures["predictive_values"].items():
        cells = [[f"{100 * row['prevalence']:.0f} %", rated(row["ppv"]), rated(row["npv"])] for row in rows]
        tables.append(html.table(["prevalence", "PPV", "NPV"], cells, POINTS[name]))
    return html.section(
        "Predictive values by prevalence",
        html.pair(*tables),
        html.say(
            "By Bayes from sensitivity and specificity; the ends of the intervals take both rates at their lower, then "
            "at their upper ends, which is wider than 95 %."
        ),
    )


def bands(figures: dict) -> Markup:
    found = figures["bands"]
    rows = [
        [BANDS[name], band["films"], rated(band["pneumonia"]), rated(band["other"])]
        + [rated(each["ppv"], 2) for each in band["ppv"]]
        for name, band in found.items()
    ]
    shares = [f"at {100 * each['prevalence']:.0f} %" for each in found["likely"]["ppv"]]
    head = ["band", "films", "of the pneumonias", "of the others", *shares]
    return html.section(
        "What a band means",
        html.table(head, rows, "Share of both classes in each band, and of pneumonia in the band at a prevalence"),
    )


def three_classes(found: dict | None) -> str:
    if found is None:
        return ""
    names = list(found["confusion"])
    rows = [
        [name, *(_called(found["confusion"], name, other) for other in names), rated(found["found"][name])]
        for name in names
    ]
    area = found["bacterial_or_viral_auc"]
    return html.section(
        "Three classes: research only",
        html.say("Whether a pneumonia is bacterial or viral orders nothing and names no band."),
        html.table(["what it was", *(f"called {name}" for name in names), "found"], rows, "Confusion matrix, films"),
        html.facts(
            [("Accuracy", rated(found["accuracy"])), ("AUC, viral against bacterial", rated(area) if area else "none")]
        ),
    )


def _called(confusion: dict, name: str, other: str) -> Cell:
    return Cell("right" if name == other else "", confusion[name][other])


def domain(found: dict) -> Markup:
    gate, reject = found["figures"]["domain"], found["false_reject"]
    if gate is None:
        return html.section("Domain", html.say("This model does not tell which films are unlike those it knows."))
    inside = gate["inside"]
    rows = [("Outside among these films", rated(gate["outside"]))]
    if reject:
        rows.append((f"False rejects when it was made, of {reject['films']} films", rated(reject)))
    if inside:
        names = ("auc", "sensitivity", "specificity", "accuracy")
        rows += [
            (f"{name}, without films outside", f"{inside[name]:.3f} ({interval_of(inside, name)})") for name in names
        ]
    return html.section(
        "Domain",
        html.say(
            "A film unlike those the model knows is put in the band uncertain, and its score orders nothing. The "
            "figures of this report count every film, inside or not."
        ),
        html.facts(rows),
    )
