import json

import numpy as np
import pytest

from ml import card as cards
from ml import metrics
from ml.cli import main
from tests.ml.judged import a_card

RIGHT = {"true": 97, "missed": 3, "false": 4, "passed": 96}


def released(folder, counts=RIGHT, **changes):
    """A card with its validation scores in `folder`, as a training leaves them."""
    sick, other = counts["true"] + counts["missed"], counts["false"] + counts["passed"]
    labels = np.repeat([1, 0], [sick, other])
    p = np.repeat([0.9, 0.3, 0.9, 0.3], [counts["true"], counts["missed"], counts["false"], counts["passed"]])
    point = metrics.operating_point(labels, p, 0.5)
    figures = {rate: point[rate]["value"] for rate in ("accuracy", "sensitivity", "precision")}
    figures |= {"auc": 0.95, "films": len(p), "patients": len(p) // 2}
    content = {key: value for key, value in vars(a_card(folder, figures=figures, **changes)).items() if key != "path"}
    (folder / "trial.weights.h5").write_bytes(b"")
    rows = [f"{'PNEUMONIA' if label else 'OTHER'},{each}" for label, each in zip(labels, p, strict=True)]
    (folder / "trial.validation.csv").write_text("label,p\n" + "\n".join(rows) + "\n")
    return cards.save(content, folder / "trial.json").path


def test_a_good_model_passes_and_every_figure_has_its_interval(tmp_path, capsys):
    out = tmp_path / "out.json"
    assert main(["gate", str(released(tmp_path)), "--json", str(out)]) == 0
    said = capsys.readouterr().out
    assert "PASSED" in said
    assert "split by patient" in said
    found = json.loads(out.read_text())
    assert [row["name"] for row in found["figures"]] == ["precision", "recall", "accuracy"]
    assert (found["threshold"], found["shipped_threshold"]) == (0.5, True)
    for row in found["figures"]:
        assert row["interval"][0] < row["value"] < row["interval"][1]


def test_a_run_folder_stands_for_the_card_in_it(tmp_path):
    released(tmp_path)
    (tmp_path / "curves.json").write_text("[]")
    assert main(["gate", str(tmp_path)]) == 0


@pytest.mark.parametrize(
    ("counts", "code"),
    [
        ({"true": 96, "missed": 4, "false": 4, "passed": 96}, 0),
        ({"true": 95, "missed": 5, "false": 4, "passed": 96}, 1),  # a recall of 0.95 is not above 0.95
        ({"true": 96, "missed": 4, "false": 16, "passed": 84}, 1),  # precision 0.857
        ({"true": 192, "missed": 8, "false": 12, "passed": 1}, 0),  # accuracy 0.906
        ({"true": 96, "missed": 4, "false": 8, "passed": 12}, 0),  # accuracy 0.9 suffices
    ],
)
def test_precision_and_recall_must_be_above_and_accuracy_at_least(tmp_path, counts, code):
    assert main(["gate", str(released(tmp_path, counts))]) == code


def test_limits_and_threshold_may_be_given(tmp_path, capsys):
    path = str(released(tmp_path))
    assert main(["gate", path, "--recall", "0.98"]) == 1
    assert "fails" in capsys.readouterr().out
    assert (
        main(["gate", path, "--recall", "0.98", "--precision", "0.4", "--accuracy", "0.5", "--threshold", "0.2"]) == 0
    )
    assert "as given" in capsys.readouterr().out


def test_an_architecture_without_limits_asks_for_them(tmp_path, capsys):
    path = str(released(tmp_path, architecture="resnet50"))
    assert main(["gate", path]) == 1
    assert "--recipe cnn156" in capsys.readouterr().err
    assert main(["gate", path, "--recipe", "cnn156"]) == 0
    assert main(["gate", path, "--accuracy", "0.9"]) == 0


def test_an_unknown_recipe_is_refused(tmp_path, capsys):
    assert main(["gate", str(released(tmp_path)), "--recipe", "cnn165", "--accuracy", "0.1"]) == 1
    assert "No recipe cnn165" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["", "label,p\n", "label,p\nPNEUMONIA,0.9\n", "label,p\nPNEUMONIA,much\n"])
def test_scores_of_another_model_are_refused(tmp_path, capsys, damage):
    path = released(tmp_path)
    (tmp_path / "trial.validation.csv").write_text(damage)
    assert main(["gate", str(path)]) == 1
    assert "ml merge" in capsys.readouterr().err


def test_a_folder_without_a_finished_training_is_a_sentence(tmp_path, capsys):
    assert main(["gate", str(tmp_path)]) == 1
    assert "let its training finish" in capsys.readouterr().err
