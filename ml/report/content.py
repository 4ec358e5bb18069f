"""All that a report says, as plain JSON; the page is drawn from this alone."""

from ml import evaluate, resample
from ml.card import Card
from ml.evaluate import Scored
from ml.wording import RESEARCH_USE

FROM_CARD = (
    *("name", "version", "architecture", "members", "classes", "input_side", "weights_sha256", "data", "split"),
    *("temperature", "calibration_prevalence", "age_range", "limits", "credit", "audit", "calibration_data"),
)


def of(card: Card, scored: Scored, curves: list[dict]) -> dict:
    found = {"research_use": RESEARCH_USE, "model": {name: getattr(card, name) for name in FROM_CARD}}
    found |= {"figures": evaluate.of_scored(card, scored), "curves": curves}
    found |= _drawn(card, scored)
    found["held_out_calibration"] = card.calibration.get("held_out")
    found["false_reject"] = card.domain and card.domain["false_reject"]
    return found | {"unreadable": len(scored.unreadable)}


def _drawn(card: Card, scored: Scored) -> dict:
    """ROC and precision-recall curve, each with its 95 % band by patient."""
    p = card.calibrate(scored.logits)
    drawn = resample.draw(scored.labels, p, scored.patients)
    roc, pr = resample.curves(scored.labels, p)
    return {
        "roc": _curve("false_positive_rate", "sensitivity", roc, drawn.roc),
        "pr": _curve("recall", "precision", pr, drawn.pr),
    }


def _curve(x: str, y: str, curve, rows) -> dict:
    low, high = resample.band(rows)
    return {x: _rounded(resample.GRID), y: _rounded(curve), "low": _rounded(low), "high": _rounded(high)}


def _rounded(values) -> list[float]:
    return [round(float(value), 4) for value in values]
