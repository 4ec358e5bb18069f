import json

import pytest

from ml import card as cards
from ml import compare, registry
from ml.cli import main
from ml.runtime import auto
from tests.ml.judged import MeanGrey, a_card


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run folder with its card; the network has 20 weights, and 40 more in the layer that measures the domain."""
    import keras

    film = keras.Input((4,))
    network = keras.Model(film, keras.layers.Dense(8, name="domain")(keras.layers.Dense(4)(film)))
    monkeypatch.setattr(registry, "assemble", lambda card: network)
    folder = tmp_path / "first"
    folder.mkdir()
    (folder / "trial.weights.h5").write_bytes(bytes(80))
    members = [{"architecture": "cnn156", "side": 16, "started_from": "imagenet"}]
    content = {key: value for key, value in vars(a_card(folder, members=members)).items() if key != "path"}
    cards.save(content, folder / "trial.json")
    return folder


def test_a_row_says_what_a_system_is_and_how_good(run):
    found = compare.row(run, timed=False)
    assert (found["architecture"], found["side"], found["classes"], found["started_from"]) == (
        "cnn156",
        16,
        2,
        "imagenet",
    )
    assert (found["parameters"], found["films"], found["epochs"], found["ms_a_film"]) == (20, 100, 1, None)
    assert found["auc"] == {"value": 0.95, "interval": [0.8, 0.99]}


def test_members_are_counted_by_name(tmp_path):
    members = [{"architecture": name, "side": 16} for name in ("mobilenetv2", "mobilenet", "mobilenetv2")]
    assert compare._networks(a_card(tmp_path, members=members)) == "2 x mobilenetv2, mobilenet"


def test_the_table_is_printed_and_written_as_markdown_and_json(run, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(auto, "load", lambda card: MeanGrey())
    out = tmp_path / "table.md"
    assert main(["compare", str(run), str(run / "trial.json"), "--markdown", str(out)]) == 0
    lines = out.read_text().splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("| architecture | side |")
    assert len({line.count("|") for line in lines}) == 1
    said = capsys.readouterr().out
    assert "0.950" in said
    assert "(0.800 to" in said
    assert main(["compare", str(run), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["ms_a_film"] >= 0


def test_a_run_that_has_not_finished_is_a_sentence(tmp_path, capsys):
    assert main(["compare", str(tmp_path), "--untimed"]) == 1
    assert "let its training finish" in capsys.readouterr().err


def test_weights_that_are_not_the_cards_are_a_sentence(run, capsys):
    assert main(["compare", str(run)]) == 1
    assert "differ from their card" in capsys.readouterr().err
