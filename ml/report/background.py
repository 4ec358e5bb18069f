"""The sections on where a model comes from and what it may have learned; "" where there is nothing to show."""

from ml.report import html, plots
from ml.report.html import Cell, Markup, rated


def training(curves: list[dict]) -> str:
    if not curves:
        return ""
    members = any("member" in row for row in curves)
    drawn = [figure for figure in ("accuracy", "loss") if any(f"val_{figure}" in row for row in curves)]
    head = [*(["network"] if members else []), "epoch", *(key for f in drawn for key in (f, f"validation {f}"))]
    rows = [
        [*([row["member"] + 1] if members else []), row["epoch"]]
        + [f"{row[key]:.4f}" if key in row else "" for f in drawn for key in (f, f"val_{f}")]
        for row in curves
    ]
    return html.section(
        "Training",
        html.pair(
            *(
                html.figure(plots.training(curves, f), f"{f.capitalize()}. Solid: validation. Dashed: training.")
                for f in drawn
            )
        ),
        html.say(
            "Training figures are of disturbed films, and their loss is of softened labels; validation is judged on "
            "plain films after calibration. The two losses are of different scales."
        ),
        html.folded(f"Table of {len(rows)} epochs", html.table(head, rows, "Accuracy and loss by epoch")),
    )


def audit(found: dict | None) -> str:
    if not found:
        return ""
    rows = [
        [row["name"], rated(row["auc"]), Cell("stat", row["verdict"]) if row["red"] else row["verdict"]]
        for row in found["rows"]
    ]
    return html.section(
        "Shortcuts",
        html.say(found["says"]),
        html.table(["what is seen", "AUC", "verdict"], rows, _count(found), words=True),
        html.say(found["geometry"]),
    )


def _count(found: dict) -> str:
    return f"On {found['films']} films of {found['patients']} patients"


def limits(found: dict) -> Markup:
    return html.section("Limits", html.bullets([*found["model"]["limits"], found["research_use"]]))


def provenance(found: dict) -> Markup:
    model = found["model"]
    networks = ", ".join(f"{member['architecture']} at {member['side']} pixels" for member in model["members"])
    rows = [
        ("Networks", networks),
        ("Classes", ", ".join(model["classes"])),
        ("Weights, SHA-256", Markup(f'<span class="mono">{html.text(model["weights_sha256"])}</span>')),
        *_facts("Data", model["data"]),
        *_facts("Split", model["split"]),
        *_facts("Calibrated on", model["calibration_data"] or {}),
        ("Temperature", f"{model['temperature']:.4f}"),
        ("Calibrated where pneumonia was", f"{100 * model['calibration_prevalence']:.1f} %"),
    ]
    if found["unreadable"]:
        rows.append(("Films that could not be read", found["unreadable"]))
    return html.section("Model, data and split", html.facts(rows), html.say(model["credit"]))


def _facts(about: str, found: dict) -> list[tuple]:
    return [(f"{about}: {key.replace('_', ' ')}", _fact(value)) for key, value in found.items()]


def _fact(value) -> str:
    if not isinstance(value, dict):
        return str(value)
    return rated(value) if "value" in value else ", ".join(f"{count} {name}" for name, count in value.items())
