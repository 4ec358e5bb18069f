"""python -m ml evaluate on folders, with a model that needs no network."""

import json

import numpy as np
import pytest

from ml import data, evaluate, phantom, registry
from ml.cli import main
from ml.data import DataError
from ml.runtime import auto
from tests.ml.drawing import jpeg
from tests.ml.judged import MeanGrey, a_card


@pytest.fixture
def folder(tmp_path):
    """As the official set lies on a disk: NORMAL/ and PNEUMONIA/, names of its patients, and what a Mac leaves."""
    for name, opacity, names in (
        ("NORMAL", False, ("IM-0001-0001", "NORMAL2-IM-0329-0001", "IM-0003-0001")),
        ("PNEUMONIA", True, ("person1_virus_6", "person3_virus_16", "person100_bacteria_475")),
    ):
        (tmp_path / "test" / name).mkdir(parents=True)
        for seed, stem in enumerate(names):
            film = np.clip(phantom.draw(seed, opacity).astype(int) + 40 * opacity, 0, 255).astype(np.uint8)
            (tmp_path / "test" / name / f"{stem}.jpeg").write_bytes(jpeg(film))
    (tmp_path / "test" / "NORMAL" / ".DS_Store").write_bytes(b"\0")
    return tmp_path / "test"


@pytest.fixture
def model(monkeypatch):
    monkeypatch.setattr(auto, "load", lambda card: MeanGrey())


def test_the_official_folder_is_judged(folder, model, tmp_path, capsys):
    out = tmp_path / "figures.json"
    assert main(["evaluate", "--model", "default", "--data", str(folder), "--json", str(out)]) == 0
    found = json.loads(out.read_text())
    assert (found["films"], found["pneumonia"], found["patients"]) == (6, 3, 6)
    assert found["auc"] == 1.0
    assert found["weights_sha256"] == registry.load_card("default").weights_sha256
    assert {"likely", "uncertain"} == found["operating_points"].keys()
    assert "sensitivity" in capsys.readouterr().out


def test_json_alone_goes_to_standard_output(folder, model, capsys):
    assert main(["evaluate", "--data", str(folder), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["films"] == 6


def test_the_folder_above_is_answered_with_the_one_to_give(folder, capsys):
    assert main(["evaluate", "--data", str(folder.parent)]) == 1
    error = capsys.readouterr().err
    assert f"--data {folder}" in error
    assert error.count("\n") == 1


def test_a_corrupt_film_is_named_and_left_out(folder, model, tmp_path, capsys):
    (folder / "NORMAL" / "IM-0009-0001.jpeg").write_bytes(b"\xff\xd8\xff\x00")
    assert main(["evaluate", "--data", str(folder), "--json", str(tmp_path / "out.json")]) == 0
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["films"] == 6
    assert "IM-0009-0001.jpeg" in found["unreadable"][0]
    assert "1 films could not be read" in capsys.readouterr().out


def test_films_without_patients_are_judged_with_a_note(folder, model, tmp_path):
    for i, path in enumerate(sorted(folder.rglob("*.jpeg"))):
        path.rename(path.with_name(f"film{i}.jpeg"))
    assert main(["evaluate", "--data", str(folder), "--json", str(tmp_path / "out.json")]) == 0
    assert "carry no patient key" in json.loads((tmp_path / "out.json").read_text())["note"]


def test_a_result_that_cannot_be_written_is_refused_before_the_work(folder, capsys, tmp_path):
    assert main(["evaluate", "--data", str(folder), "--json", str(tmp_path / "gone" / "out.json")]) == 1
    assert "Make it first" in capsys.readouterr().err


def test_one_class_alone_cannot_be_judged(folder):
    samples = [sample for sample in evaluate.load(folder) if sample.label]
    with pytest.raises(DataError, match="one class has no film"):
        evaluate.score(registry.load_card("default"), MeanGrey(), samples)


def test_scored_films_keep_names_patients_and_pictures(folder):
    card = registry.load_card("default")
    scored = evaluate.score(card, MeanGrey(), evaluate.load(folder))
    assert scored.tensors.shape == (6, card.input_side, card.input_side)
    assert "person1_virus_6.jpeg" in scored.names
    assert scored.subtypes.tolist().count(2) == 2


def test_films_that_the_model_learned_from_are_judged_with_a_note(folder, model, tmp_path):
    own = data.manifest_hash(data.load(folder, require_patients=False))
    known = a_card(tmp_path, data={"manifest_sha256": own})
    assert "the model learned from" in evaluate.evaluate(known, folder)["note"]
    other = a_card(tmp_path)
    assert evaluate.evaluate(other, folder)["note"] is None
