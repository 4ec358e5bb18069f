import json
from html.parser import HTMLParser

import numpy as np
import pytest

from ml import report
from ml.data import DataError
from ml.svg import ticks
from ml.wording import RESEARCH_USE
from tests.ml.judged import MeanGrey, a_card, some_scored

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Its tags, its text; fails where a tag is not closed."""

    def __init__(self, html: str):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture
def written(tmp_path):
    html, data = report.write(tmp_path, a_card(tmp_path), some_scored(three=True))
    return Page(html.read_text()), json.loads(data.read_text()), html


def test_the_page_is_whole_and_needs_nothing_from_elsewhere(written):
    page, _, html = written
    assert html.name == "trial.report.html"
    assert {"script", "link", "img", "iframe"}.isdisjoint(tag for tag, _ in page.tags)
    for _, attributes in page.tags:
        assert {"src", "href", "style", "onclick"}.isdisjoint(attributes)
    assert "url(" not in html.read_text()
    assert "@import" not in html.read_text()


def test_every_plot_is_told_to_those_who_cannot_see_it_and_has_a_table(written):
    page, _, _ = written
    plots = [attributes for tag, attributes in page.tags if tag == "svg" and "role" in attributes]
    assert len(plots) == 7
    assert all(each["role"] == "img" and "table below" in each["aria-label"] for each in plots)
    assert sum(tag == "caption" for tag, _ in page.tags) >= 8


def test_it_holds_what_was_asked_for(written):
    page, data, _ = written
    for words in (
        "ROC",
        "Precision and recall",
        "Confusion matrix",
        "Before and after temperature scaling",
        "PPV",
        "NPV",
    ):
        assert words in page.text
    for words in ("Accuracy. Solid: validation", "Loss.", "Domain", "Drawn, not taken.", "Nobody", RESEARCH_USE):
        assert words in page.text
    assert [row["prevalence"] for row in data["figures"]["predictive_values"]["likely"]] == [0.05, 0.1, 0.2, 0.3]
    assert len(data["roc"]["low"]) == len(data["roc"]["sensitivity"])
    assert data["research_use"] == RESEARCH_USE


def test_text_of_the_card_is_escaped(written):
    page, _, html = written
    assert "drawn <films>" in page.text
    assert "<films>" not in html.read_text()


def test_a_report_holds_no_film_and_no_name_of_one(written):
    _, data, html = written
    assert "film-1.png" not in html.read_text() + json.dumps(data)
    assert not html.with_name("trial.films.html").exists()


def test_shortcuts_false_rejects_and_local_films_are_shown_where_the_card_has_them(tmp_path):
    rate = {"value": 0.02, "interval": [0.01, 0.03], "films": 77}
    row = {"key": "border_only", "name": "the borders", "auc": rate, "red": True, "verdict": "Far from chance."}
    shortcuts = {"films": 9, "patients": 8, "says": "What is told.", "geometry": "Two ellipses.", "rows": [row]}
    card = a_card(
        tmp_path,
        audit=shortcuts,
        domain={"components": 4, "limit": 2.0, "false_reject": rate},
        calibration_data={"name": "our films", "outside_former_domain": rate},
        calibration={"before": {}, "after": {}, "held_out": {"ece": 0.0123, "brier": 0.0456}},
    )
    text = Page(report.write(tmp_path, card, some_scored())[0].read_text()).text
    for words in ("Far from chance.", "Two ellipses.", "of 77 films", "our films", "0.0123"):
        assert words in text


def test_films_go_to_a_page_of_their_own_with_the_worst_errors_first(tmp_path):
    scored = some_scored()
    report.write(tmp_path, a_card(tmp_path), scored, films=True, model=MeanGrey())
    page = Page((tmp_path / "trial.films.html").read_text())
    images = [attributes["src"] for tag, attributes in page.tags if tag == "img"]
    assert images
    assert all(source.startswith("data:image/png;base64,") for source in images)
    worst = scored.names[np.argmin(np.where(scored.labels == 1, scored.logits, np.inf))]
    misses = page.text.split("Worst misses")[1]
    assert misses.index(str(worst)) == misses.index("film-")
    assert "outside the model's domain" in page.text


def test_a_report_without_curves_audit_or_domain_leaves_them_out(tmp_path):
    card = a_card(tmp_path, curves=[], domain=None)
    html, _ = report.write(tmp_path, card, some_scored())
    text = Page(html.read_text()).text
    assert "Training figures" not in text
    assert "Shortcuts" not in text
    assert "does not tell which films are unlike" in text


def test_the_members_of_an_ensemble_share_a_plot(tmp_path):
    row = {"epoch": 1, "loss": 0.5, "accuracy": 0.8, "val_loss": 0.4, "val_accuracy": 0.9}
    curves = [row | {"member": member, "epoch": epoch} for member in (0, 1) for epoch in (1, 2)]
    html, _ = report.write(tmp_path, a_card(tmp_path), some_scored(), curves=curves)
    assert "Table of 4 epochs" in Page(html.read_text()).text


def test_a_folder_that_is_not_there_is_a_sentence_and_leaves_nothing(tmp_path):
    with pytest.raises(DataError, match="cannot be written"):
        report.write(tmp_path / "gone", a_card(tmp_path), some_scored())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 0.3), (0.7, 1), (1, 30), (0.85, 1), (1, 2)])
def test_ticks_are_round_and_within(low, high):
    found = ticks(low, high)
    assert 2 <= len(found) <= 7
    assert low - 1e-9 <= found[0] <= found[-1] <= high + 1e-9
