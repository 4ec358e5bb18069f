"""The audit tells a model that looks at the lungs from one that looks at the border."""

import json

import numpy as np
import pytest

from ml import audit, card, data, phantom, probe
from ml.cli import main
from ml.commands import audit as command
from ml.runtime import auto
from tests.ml.drawing import jpeg, png
from tests.ml.judged import MeanGrey, a_card

SIDE, COUNT = 32, 80
LUNG, BORDER = np.s_[12:20, 8:12], np.s_[:3, :]


@pytest.fixture
def drawn(tmp_path):
    """(samples, tensors): noise, and in the second half of the films both a lung and the border are brighter."""
    rng = np.random.default_rng(0)
    tensors = rng.integers(60, 120, (COUNT, SIDE, SIDE), dtype=np.uint8)
    labels = np.arange(COUNT) >= COUNT // 2
    for region in (LUNG, BORDER):
        tensors[(labels, *region)] += 60
    (tmp_path / "film.png").write_bytes(png(tensors[0]))
    samples = [data.Sample(tmp_path / "film.png", int(label), f"p{i}", "0") for i, label in enumerate(labels)]
    return samples, tensors


def rows_of(region, drawn) -> dict:
    found = audit.audit(MeanGrey(region), *drawn)
    assert found["films"] == COUNT
    return {row["key"]: row for row in found["rows"]}


def test_a_model_of_the_border_is_found_out(drawn):
    rows = rows_of(BORDER, drawn)
    for key in ("lungs_masked", "border_only"):
        assert rows[key]["auc"]["value"] == 1
        assert rows[key]["red"]
        assert "from outside the lungs" in rows[key]["verdict"]


def test_where_only_the_lungs_differ_nothing_is_left_when_they_are_hidden(drawn):
    samples, tensors = drawn
    tensors[(slice(COUNT // 2, None), *BORDER)] -= 60
    rows = rows_of(LUNG, (samples, tensors))
    assert rows["model"]["auc"]["value"] == 1
    assert not rows["lungs_masked"]["red"]
    assert not rows["border_only"]["red"]


def test_a_probe_tells_grey_levels_and_not_equal_files(drawn):
    rows = rows_of(LUNG, drawn)
    assert rows["file"]["auc"]["value"] == pytest.approx(0.5, abs=0.1)
    assert not rows["file"]["red"]
    assert rows["file_and_grey"]["red"]
    assert "a shortcut to learn" in rows["file_and_grey"]["verdict"]


def test_masks_leave_the_frame_and_hide_the_rest():
    tensors = np.arange(2 * SIDE * SIDE, dtype=np.uint32).astype(np.uint8).reshape(2, SIDE, SIDE)
    border = audit.border_only(tensors)
    width = round(audit.FRAME * SIDE)
    assert (border[:, :width] == tensors[:, :width]).all()
    assert len(np.unique(border[0, width:-width, width:-width])) == 1
    masked = audit.without_lungs(tensors)
    assert masked[0, SIDE // 2, round(0.3 * SIDE)] == masked[0, SIDE // 2, round(0.7 * SIDE)]
    assert (masked[:, 0] == tensors[:, 0]).all()


def test_a_file_is_described_by_what_no_anatomy_tells():
    film = phantom.draw(1, False)
    of_jpeg, of_png = probe.of_file(jpeg(film)), probe.of_file(png(film))
    assert of_jpeg[:2] == of_png[:2] == [film.shape[1], film.shape[0]]
    assert of_jpeg[6] > 0
    assert of_png[6] == 0


def test_no_film_is_scored_by_a_probe_that_saw_its_patient():
    rng = np.random.default_rng(0)
    patients = np.repeat([f"p{i}" for i in range(40)], 4)
    labels = np.repeat(rng.integers(0, 2, 40), 4)
    features = np.repeat(rng.normal(size=(40, 3)), 4, axis=0)  # the patient, and nothing of the class
    p = probe.out_of_fold(features, labels, patients)
    assert ((p > 0.5) == labels).mean() < 0.75


def test_films_of_the_training_are_audited_on_its_validation_patients_alone(tmp_path):
    samples = [data.Sample(tmp_path / f"{i}.png", i % 2, f"p{i}", str(i)) for i in range(100)]
    own = {"name": "d", "manifest_sha256": data.manifest_hash(samples), "films": 100}
    split = {"by": "patient", "seed": 1, "fraction": 0.2, "validation": {"films": 20}}
    held, says = command.judged(a_card(tmp_path, data=own, split=split), samples, samples)
    assert (len(held), "validation patients" in says) == (20, True)
    assert command.judged(a_card(tmp_path), samples, samples)[0] == samples
    with pytest.raises(data.DataError, match="--patient-pattern"):
        command.judged(a_card(tmp_path, data=own), samples, samples)


def test_a_film_that_the_training_could_not_read_leaves_the_split_as_it_was(tmp_path):
    samples = [data.Sample(tmp_path / f"{i}.png", i % 2, f"p{i}", str(i)) for i in range(100)]
    _, held = data.split(samples, 0.2, 1)
    kept = [sample for sample in samples if sample != held[0]]
    own = {"name": "d", "manifest_sha256": data.manifest_hash(kept), "films": 99}
    split = {"by": "patient", "seed": 1, "fraction": 0.2, "validation": {"films": 19}}
    assert command.judged(a_card(tmp_path, data=own, split=split), samples, kept)[0] == held[1:]


def test_the_command_writes_json_and_says_how_the_films_were_hidden(tmp_path, monkeypatch, capsys):
    for name, opacity in (("NORMAL", False), ("PNEUMONIA", True)):
        (tmp_path / name).mkdir()
        for seed in range(3):
            (tmp_path / name / f"person{seed + 10 * opacity}_x.png").write_bytes(png(phantom.draw(seed, opacity)))
    (tmp_path / "NORMAL" / "person5_x.png").write_bytes(b"damaged")
    monkeypatch.setattr(auto, "load", lambda of: MeanGrey())
    out = tmp_path / "audit.json"
    assert main(["audit", "--data", str(tmp_path), "--json", str(out)]) == 0
    assert [row["key"] for row in json.loads(out.read_text())["rows"]] == list(audit.NAMES)
    said = " ".join(capsys.readouterr().out.split())
    assert "two ellipses" in said
    assert "1 films could not be read and are left out, person5_x.png" in said


def test_a_card_takes_an_audit(tmp_path, drawn):
    found = audit.audit(MeanGrey(), *drawn)
    assert card.save(json.loads(json.dumps(_content(a_card(tmp_path, audit=found)))), tmp_path / "trial.json").audit


def _content(of) -> dict:
    return {key: value for key, value in vars(of).items() if key != "path"}
