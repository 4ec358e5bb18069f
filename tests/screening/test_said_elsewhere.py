"""Sentences that are kept in English are found again, with their values, in the reader's language."""

import ast
from pathlib import Path

import pytest
from django.utils import translation

from ml import pixels
from screening import manifest_table, reasons, said_elsewhere
from screening.said_elsewhere import said

VALUES = {
    "row": "3", "rows": "790", "column": "age", "most": "20,000", "faults": "2", "number": "12", "status": "500",
    "files": "50,000", "gigabytes": "500", "site": "General Hospital", "kind": "OSError", "modality": '"MG"',
}  # fmt: skip
OTHER = "The file is empty."


@pytest.fixture
def shouting(monkeypatch):
    """A language in which everything that is marked is written in capitals, but for its values."""
    monkeypatch.setattr(said_elsewhere, "gettext", _shouted)
    with translation.override("es"):
        yield


def _shouted(text):
    known = text in said_elsewhere.WITH_VALUES or text in {*said_elsewhere.OF_PIXELS, *_of_reasons()}
    parts = said_elsewhere.VALUE.split(text)
    shouted = [f"%({part})s" if at % 2 else part.upper() for at, part in enumerate(parts)]
    return "".join(shouted) if known else text


def _of_reasons():
    return {sentence for _, sentence in reasons.REASONS.values()}


def _filled(template, sentence):
    return template % {name: VALUES.get(name, sentence) for name in said_elsewhere.VALUE.findall(template)}


@pytest.mark.parametrize("template", said_elsewhere.WITH_VALUES)
def test_a_sentence_with_values_is_translated_and_keeps_them(template, shouting):
    assert said(_filled(template, OTHER)) == _filled(_shouted(template), OTHER.upper())


def test_a_sentence_without_values_is_translated(shouting):
    assert said(reasons.sentence("truncated")) == reasons.sentence("truncated").upper()


def test_several_sentences_are_translated_one_by_one(shouting):
    assert said(f"{OTHER} What nobody knows. {OTHER}") == f"{OTHER.upper()} What nobody knows. {OTHER.upper()}"


def test_what_nobody_knows_stays_as_it_is(shouting):
    assert said("Somebody wrote this himself.") == "Somebody wrote this himself."
    assert said("") == ""


def test_in_english_everything_stays_as_it_is():
    assert said(str(manifest_table.Fault(3, "age", OTHER))) == f"Row 3, column age: {OTHER}"


def test_every_fixed_sentence_of_the_pixels_is_known():
    missing = _refusals_of_the_pixels() - {*said_elsewhere.OF_PIXELS, *_of_reasons()}
    assert not missing


def _refusals_of_the_pixels():
    """The sentences that stand in `Unreadable(code, sentence)` as they are."""
    found = set()
    for path in Path(pixels.__file__).parent.glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Unreadable" and len(call.args) == 2:
                sentence = call.args[1]
                found |= {sentence.value} if isinstance(sentence, ast.Constant) else set()
    assert len(found) > 10
    return found
