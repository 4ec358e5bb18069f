"""What a model can do, on one page: NAME.report.html and .json, and NAME.films.html where films may be shown.

Each page is whole by itself: no script, no picture or font from elsewhere, styles within. The report holds no film, so
that it can be shipped with the model; films and the names of their files go to the page that stays with the data.
"""

import json
from pathlib import Path

from ml.card import Card
from ml.data import DataError
from ml.evaluate import Scored
from ml.report import content, films_page, page


def write(
    folder: Path, card: Card, scored: Scored, *, curves: list[dict] | None = None, films: bool = False, model=None
) -> tuple[Path, Path]:
    """Write the report of `card` on `scored`, films it has not learned from; returns (html path, json path).

    curves: one dict an epoch (default the card's). films: also write NAME.films.html, with Grad-CAM by `model`, a
    runtime's (loaded where None), from scored.tensors. Raises DataError where `folder` cannot be written.
    """
    found = content.of(card, scored, card.curves if curves is None else curves)
    html, data = folder / f"{card.name}.report.html", folder / f"{card.name}.report.json"
    texts = {html: page.render(found), data: json.dumps(found, indent=1, allow_nan=False) + "\n"}
    if films:
        texts[folder / f"{card.name}.films.html"] = films_page.render(card, scored, model or _runtime(card))
    _write(texts)
    return html, data


def _runtime(card: Card):
    from ml.runtime import tensorflow  # takes seconds; Grad-CAM needs gradients

    return tensorflow.load(card)


def _write(texts: dict[Path, str]) -> None:
    drafts = {path: path.with_name(f"{path.name}.draft") for path in texts}
    try:
        for path, draft in drafts.items():
            draft.write_text(texts[path], encoding="utf-8")
        for path, draft in drafts.items():
            draft.replace(path)
    except OSError as error:
        raise DataError(f"The report cannot be written to {path.parent}: {error.strerror}.") from None
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
