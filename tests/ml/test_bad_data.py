"""python -m ml train on what cannot be trained on: one sentence, exit code 1, and no run folder."""

import json

import pytest

from ml.cli import main
from tests.ml import training


@pytest.fixture
def films(tmp_path):
    return training.films(tmp_path / "films", count=4)


def refused(films, capsys, *more) -> str:
    out = films.parent / "run"
    assert main(["train", "cnn156", "--data", str(films), "--out", str(out), *more]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert not out.exists()
    return error


def test_an_empty_class_folder(films, capsys):
    for film in (films / "NORMAL").iterdir():
        film.unlink()
    assert "no film of class NORMAL" in refused(films, capsys)


def test_films_of_nobody(films, capsys):
    (films / "NORMAL" / "person1_1.jpeg").rename(films / "NORMAL" / "somebody.jpeg")
    assert "--patient-pattern" in refused(films, capsys)


def test_too_few_patients(films, capsys):
    assert "Too few patients" in refused(films, capsys, "--validation", "0.05")


def test_a_third_class_that_nothing_names(films, capsys):
    (films / "VIRAL").rename(films / "PNEUMONIA")
    assert "bacterial or viral" in refused(films, capsys, "--classes", "3")


def test_an_unknown_label(films, capsys):
    (films / "manifest.csv").write_text("path,label\nNORMAL/person0_0.jpeg,healthy")
    assert "'healthy'" in refused(films, capsys)


def test_weights_that_are_not_there(films, capsys):
    assert "no weights file gone.h5" in refused(films, capsys, "--weights", "gone.h5", "--validation", "0.5")


def test_a_mistyped_folder_of_exclusions(films, capsys):
    assert "is not a folder" in refused(films, capsys, "--exclude", "mistyped")


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ({"ages": [1, 5]}, "unknown ages; known are data, age_range"),
        ({"age_range": [5, 1]}, "age_range cannot be used"),
        ({"age_range": "1 to 5"}, "age_range cannot be used"),
        ({"limits": "children"}, "limits cannot be used"),
        ([], "JSON object"),
    ],
)
def test_an_about_that_no_card_could_say(films, capsys, about, says):
    path = films.parent / "about.json"
    path.write_text(json.dumps(about))
    assert says in refused(films, capsys, "--about", str(path))


@pytest.mark.parametrize("name", ["config", "validation", "a/b", "", "a b"])
def test_a_name_that_no_model_may_have(films, capsys, name):
    with pytest.raises(SystemExit):
        main(["train", "cnn156", "--data", str(films), "--out", str(films.parent / "run"), "--name", name])
    assert "--name" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--side", "8"], ["--epochs", "0"], ["--validation", "1.5"], ["--classes", "4"]])
def test_a_setting_that_cannot_be_is_refused_with_the_usage(films, capsys, wrong):
    with pytest.raises(SystemExit):
        main(["train", "cnn156", "--data", str(films), "--out", str(films.parent / "run"), *wrong])
    assert wrong[0] in capsys.readouterr().err
