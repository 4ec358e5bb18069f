"""NAME.report.html: the sections, from first to last."""

from ml.report import background, html, sections
from ml.report.sections import BANDS, interval_of

TILES = {"auc": "AUC", "sensitivity": "sensitivity", "specificity": "specificity", "accuracy": "accuracy"}


def render(found: dict) -> str:
    """The whole page from a report's content."""
    model = found["model"]
    main = "".join(part for part in (_tiles(found["figures"]), *_sections(found)) if part)
    head = f"<header><h1>{html.text(model['name'])} {html.text(model['version'])}: report</h1>{_lead(found)}</header>"
    title = f"FirstRead model {model['name']} {model['version']}: report"
    return html.document(title, head, f"<main>{main}</main>", foot=f"{found['research_use']} {model['credit']}")


def _lead(found: dict) -> str:
    figures, model = found["figures"], found["model"]
    say = (
        f"Judged on {figures['films']} films of {figures['patients']} patients that it has not learned from, "
        f"{figures['pneumonia']} of them with pneumonia. Intervals are 95 %: Wilson's for rates, by drawing patients "
        "for areas under curves."
    )
    notice = html.say(found["research_use"], "notice")
    if model["age_range"]:
        low, high = model["age_range"]
        notice += html.say(f"For patients of {low} to {high} years. Outside these ages the model changes nothing.")
    return html.say(say) + notice


def _tiles(figures: dict) -> str:
    tiles = []
    for name, label in TILES.items():
        between = interval_of(figures, name)
        tiles.append(f'<li>{label}<b>{figures[name]:.3f}</b><span class="quiet">{between}</span></li>')
    ece = figures["calibration"]["after"]["ece"]
    tiles.append(f'<li>ECE<b>{ece:.3f}</b><span class="quiet">0 is perfect</span></li>')
    note = html.say(
        f"Sensitivity, specificity and accuracy at {BANDS['likely']}, a score of {figures['threshold']:.3f} and above."
    )
    return f'<ul class="tiles">{"".join(tiles)}</ul>{note}'


def _sections(found: dict) -> list[str]:
    figures = found["figures"]
    return [
        sections.operating_points(figures),
        sections.roc(found),
        sections.pr(found),
        sections.calibration(found),
        sections.predictive_values(figures),
        sections.bands(figures),
        sections.three_classes(figures["three_classes"]),
        sections.domain(found),
        background.training(found["curves"]),
        background.audit(found["model"]["audit"]),
        background.limits(found),
        background.provenance(found),
    ]
