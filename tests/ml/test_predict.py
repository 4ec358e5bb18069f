"""python -m ml predict, with a model that needs no network."""

import dataclasses
import json

import pytest

from ml import phantom
from ml.cli import main
from ml.commands.output import write_text
from ml.data import DataError
from ml.predict import score
from ml.runtime import auto
from tests.ml.drawing import dicom, jpeg, png
from tests.ml.judged import MeanGrey, a_card

CARD = "ml.commands.predict.load_card"


@pytest.fixture
def card(tmp_path, monkeypatch):
    made = a_card(tmp_path)
    monkeypatch.setattr(CARD, lambda name: made)
    monkeypatch.setattr(auto, "load", lambda of: MeanGrey())
    return made


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "film.png"
    path.write_bytes(png(phantom.draw(1, True)))
    return path


def test_jpeg_png_and_dicom_are_scored_and_others_are_rows_with_a_reason(card, tmp_path, capsys):
    drawn = phantom.draw(2, True)
    contents = {"a.jpg": jpeg(drawn), "b.png": png(drawn), "c.dcm": dicom(drawn), "d.txt": b"hello"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder").mkdir()
    files = [str(tmp_path / name) for name in (*contents, "folder")]
    assert main(["predict", *files, "--json", "-"]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert [row["outcome"] for row in rows] == ["scored"] * 3 + ["unreadable"] * 2
    assert rows[3]["reason"] == "unsupported_type"
    assert all(row["sentence"] for row in rows[3:])


def test_the_table_names_the_band_and_the_use(card, film, capsys):
    assert main(["predict", str(film)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "it does not diagnose" in said
    assert any(band in said for band in ("likely", "uncertain"))


def test_outside_the_domain_the_band_is_uncertain_and_the_table_says_why(card, film, capsys, monkeypatch):
    monkeypatch.setattr(auto, "load", lambda of: MeanGrey(distance=9.0))
    row = score(card, MeanGrey(distance=9.0), film)
    assert (row["band"], row["outside_domain"], row["outside_age"]) == ("uncertain", True, False)
    assert main(["predict", str(film)]) == 0
    assert "domain" in capsys.readouterr().out


def test_a_model_without_a_domain_puts_nothing_outside(card, film):
    row = score(dataclasses.replace(card, domain=None), MeanGrey(distance=float("nan")), film)
    assert (row["outside_domain"], row["distance"]) == (False, None)


@pytest.mark.parametrize("opacity", [False, True])
def test_an_adult_is_uncertain_whatever_the_score(card, tmp_path, opacity):
    (tmp_path / "adult.dcm").write_bytes(dicom(phantom.draw(2, opacity), PatientAge="081Y"))
    row = score(card, MeanGrey(), tmp_path / "adult.dcm")
    assert (row["band"], row["outside_age"]) == ("uncertain", True)


def test_three_classes_are_shown_as_research_only(card, film, capsys, monkeypatch):
    monkeypatch.setattr(auto, "load", lambda of: MeanGrey(classes=(0.2, 0.5, 0.3)))
    assert main(["predict", str(film)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "research" in said
    assert "0.50, 0.30" in said


def test_a_row_says_for_which_prevalence_its_probability_holds(card, film):
    assert score(card, MeanGrey(), film)["prevalence"] == 0.2


@pytest.mark.parametrize("command", [["predict", "film.png"], ["bench"]])
def test_a_result_that_would_be_written_over_a_folder_is_refused_before_the_work(tmp_path, capsys, command):
    assert main([*command, "--json", str(tmp_path)]) == 1
    assert "is a folder" in capsys.readouterr().err


def test_a_result_that_cannot_be_written_leaves_no_draft(tmp_path):
    (tmp_path / "out.json").mkdir()
    with pytest.raises(DataError, match="cannot be written"):
        write_text(tmp_path / "out.json", "[]")
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]
