"""About the TensorFlow runtime itself, so these few pay for its start."""

import json

import numpy as np
import pytest

from ml import phantom, pixels, preprocess, registry
from ml.cli import main
from ml.predict import score
from tests.ml.drawing import dicom, jpeg, png


@pytest.fixture(scope="module")
def model():
    from ml.runtime import tensorflow

    return tensorflow.load(registry.load_card("default"))


@pytest.fixture(scope="module")
def films() -> np.ndarray:
    """(40, side, side): twenty phantoms without opacities, then the same chests with."""
    side = registry.load_card("default").input_side
    drawn = [phantom.draw(seed, opacity) for opacity in (False, True) for seed in range(20)]
    return np.stack([preprocess.to_tensor(pixels.model_grey(pixels.read(png(film))), side) for film in drawn])


def test_logits_do_not_depend_on_the_batch_they_came_in(model, films):
    alone = np.concatenate([model.predict(films[i : i + 1]).logits for i in range(40)])
    assert alone.dtype == np.float32
    for size in (5, 33, 40):
        assert np.abs(model.predict(films[:size]).logits - alone[:size]).max() < 1e-4


def test_an_empty_batch_is_no_error(model, films):
    assert len(model.predict(films[:0])) == 0


def test_bytes_and_floats_give_the_same_logit(model, films):
    assert np.array_equal(model.predict(films[:3]).logits, model.predict(films[:3].astype(np.float32)).logits)


def test_the_shipped_model_orders_phantoms_visibly(model, films):
    card, logits = registry.load_card("default"), model.predict(films).logits
    plain, opaque = card.calibrate(logits[:20]), card.calibrate(logits[20:])
    assert (opaque[:, None] > plain).mean() > 0.9
    assert opaque.mean() > plain.mean() + 0.2


def test_grad_cam_has_the_size_of_the_rendition(model):
    heat = model.explain(pixels.model_grey(pixels.read(png(phantom.draw(3, True)))))
    assert (heat.shape, heat.dtype, heat.max() > 100) == ((439, 512), np.uint8, True)


def test_predict_scores_every_kind_and_names_what_it_cannot_read(tmp_path, capsys):
    film = phantom.draw(2, True)
    for name, content in (("a.jpg", jpeg(film)), ("b.png", png(film)), ("c.dcm", dicom(film)), ("d.txt", b"hello")):
        (tmp_path / name).write_bytes(content)
    out = tmp_path / "out.json"
    assert (
        main(["predict", *(str(tmp_path / name) for name in ("a.jpg", "b.png", "c.dcm", "d.txt")), "--json", str(out)])
        == 1
    )
    rows = json.loads(out.read_text())
    assert [row["outcome"] for row in rows] == ["scored"] * 3 + ["unreadable"]
    assert np.ptp([row["probability"] for row in rows[:3]]) < 0.05
    assert rows[3]["reason"] == "unsupported_type"
    assert "it does not diagnose" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("opacity", [False, True])
def test_an_adult_is_uncertain_whatever_the_score(model, tmp_path, opacity):
    (tmp_path / "adult.dcm").write_bytes(dicom(phantom.draw(2, opacity), PatientAge="081Y"))
    assert score(model.card, model, tmp_path / "adult.dcm")["band"] == "uncertain"


def test_evaluate_writes_its_figures_for_any_folder_of_classes(tmp_path):
    for name, opacity in (("NORMAL", False), ("PNEUMONIA", True)):
        (tmp_path / name).mkdir()
        for seed in range(4):
            (tmp_path / name / f"film{name}{seed}.jpeg").write_bytes(jpeg(phantom.draw(seed, opacity)))
    (tmp_path / "NORMAL" / "broken.jpeg").write_bytes(b"\xff\xd8\xff\x00")
    out = tmp_path / "figures.json"
    assert main(["evaluate", "--model", "default", "--data", str(tmp_path), "--json", str(out)]) == 0
    found = json.loads(out.read_text())
    assert {"auc", "accuracy", "sensitivity", "specificity", "precision", "brier", "ece"} <= found.keys()
    assert (found["films"], len(found["unreadable"])) == (8, 1)
