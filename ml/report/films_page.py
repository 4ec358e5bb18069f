"""NAME.films.html: films with what the model said and where it looked. It names files: keep it where the films are."""

import base64
import io

import numpy as np
from PIL import Image

from ml.card import Card
from ml.data import DataError
from ml.evaluate import Scored
from ml.explain import OVERLAY_RGB
from ml.report import html
from ml.report.sections import BANDS
from ml.wording import RESEARCH_USE

SAMPLES = 6  # of each class, spread evenly over the scores
WORST = 8  # of each kind
OPACITY = 0.65  # of the hottest heat


def render(card: Card, scored: Scored, model) -> str:
    """model: a runtime's, for its `explain`. Raises DataError where `scored` has no tensors."""
    if scored.tensors is None:
        raise DataError("There are no films to show: score them anew.")
    p = card.calibrate(scored.logits)
    sheet = _Sheet(card, scored, p, model)
    sick, other = (np.flatnonzero(scored.labels == label) for label in (1, 0))
    missed = _errors(sick, p, card, missed=True)
    alarms = _errors(other, p, card, missed=False)
    title = f"{card.name} {card.version}: films"
    main = [
        html.section("Samples with pneumonia", html.say(SPREAD), sheet.films(_spread(sick, p))),
        html.section("Samples without", html.say(SPREAD), sheet.films(_spread(other, p))),
        html.section(
            "Worst misses", html.say("Pneumonias that were not called, the surest first."), sheet.films(missed)
        ),
        html.section("Worst false alarms", html.say("Others that were called, the surest first."), sheet.films(alarms)),
    ]
    lead = html.say("Patients' films and the names of their files: keep this page where the films are.", "notice")
    head = f"<header><h1>{html.text(title)}</h1>{lead}{html.say(LOOKED)}</header>"
    return html.document(title, head, f"<main>{''.join(main)}</main>", foot=f"{RESEARCH_USE} {card.credit}")


SPREAD = "From the lowest score to the highest, evenly spread."
LOOKED = "Left the film as the model gets it, squared; right where it looked (Grad-CAM), which is not where disease is."


def _spread(indices: np.ndarray, p: np.ndarray) -> np.ndarray:
    ranked = indices[np.argsort(p[indices], kind="stable")]
    return ranked[np.unique(np.linspace(0, len(ranked) - 1, SAMPLES).round().astype(int))]


def _errors(indices: np.ndarray, p: np.ndarray, card: Card, missed: bool) -> np.ndarray:
    """The errors at "likely" with the highest loss, which falls with p for pneumonias and rises for others."""
    wrong = indices[(p[indices] < card.operating_points["likely"]) == missed]
    return wrong[np.argsort(p[wrong] if missed else -p[wrong], kind="stable")][:WORST]


class _Sheet:
    def __init__(self, card: Card, scored: Scored, p: np.ndarray, model):
        self.card, self.scored, self.p, self.model = card, scored, p, model

    def films(self, indices: np.ndarray) -> str:
        if not len(indices):
            return html.say("None.")
        return f'<div class="films">{"".join(self._film(i) for i in indices)}</div>'

    def _film(self, i: int) -> str:
        grey, name, score = self.scored.tensors[i], self.scored.names[i], round(100 * float(self.p[i]))
        pictures = ((grey, f"Film {name}"), (overlaid(grey, self.model.explain(grey)), f"Heat map over {name}"))
        images = "".join(f'<img src="{_embedded(picture)}" alt="{html.text(says)}">' for picture, says in pictures)
        was = "pneumonia" if self.scored.labels[i] else "other"
        band = self.card.band(float(self.p[i]))
        outside = "" if self.card.in_domain(self.scored.distances[i]) else ", outside the model's domain"
        caption = f'<b>score {score}</b>, <span class="{band}">{BANDS[band]}</span>{outside}; was: {was}'
        named = f'<span class="quiet">{html.text(name)}</span>'
        return f'<figure><div class="film">{images}</div><figcaption>{caption}<br>{named}</figcaption></figure>'


def overlaid(grey: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """(h, w) uint8 film and heat -> (h, w, 3) uint8, the heat in one warm colour over the film."""
    share = OPACITY * heat[..., None] / 255
    return np.rint((1 - share) * grey[..., None] + share * np.array(OVERLAY_RGB)).astype(np.uint8)


def _embedded(picture: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
