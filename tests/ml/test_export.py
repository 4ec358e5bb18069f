"""Exports of a tiny network of three classes: every operation of the served graph is in it."""

import dataclasses
import hashlib

import keras
import numpy as np
import pytest

from ml import architectures, export, registry
from ml.architectures import parts
from ml.cli import main
from ml.data import DataError
from tests.ml.judged import SIDE, a_card


class Tiny:
    HEAT_LAYER = "map"

    @staticmethod
    def build(side, classes=2, weights=None):
        film, x = parts.film_and_picture(side)
        x = keras.layers.Conv2D(4, 3, activation="relu", name="map")(parts.scaled(x, 1 / 255))
        return keras.Model(film, parts.raw(parts.pooled(x), parts.outputs_for(classes)), name="tiny")


@pytest.fixture
def card(tmp_path, monkeypatch):
    """A model of two tiny networks, three classes and a domain, in a folder of its own."""
    monkeypatch.setattr(architectures, "get", lambda name: Tiny)
    folder = tmp_path / "model"
    folder.mkdir()
    members = [{"architecture": "cnn156", "side": SIDE}] * 2
    made = a_card(folder, members=members, classes=["normal", "bacterial", "viral"], architecture="ensemble")
    keras.utils.set_random_seed(1)
    registry.assemble(made).save_weights(made.weights_path)
    return dataclasses.replace(made, weights_sha256=hashlib.sha256(made.weights_path.read_bytes()).hexdigest())


@pytest.mark.parametrize("form", ["keras", "h5", "openvino", "savedmodel"])
def test_an_export_scores_a_phantom_as_the_model_does(card, form, tmp_path):
    out = tmp_path / f"out{export.SUFFIX[form]}"
    found = export.export(card, form, out)
    assert out.exists()
    assert found["difference"] < export.TOLERANCE
    assert str(out) in found["files"]
    assert not list(tmp_path.glob(".draft*"))


def test_the_export_holds_no_lambda_layer(card, tmp_path):
    export.export(card, "keras", tmp_path / "out.keras")
    loaded = keras.models.load_model(tmp_path / "out.keras", compile=False)
    assert not [layer for layer in loaded._flatten_layers() if isinstance(layer, keras.layers.Lambda)]


def test_what_scores_otherwise_is_not_kept(card, tmp_path, monkeypatch):
    monkeypatch.setitem(export.READ, "keras", lambda path, film: {"logit": np.array([[9.0]])})
    with pytest.raises(export.ExportDiffers, match="scores a phantom differently"):
        export.export(card, "keras", tmp_path / "out.keras")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_onnx_without_its_packages_says_what_to_install(card, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"pip install tf2onnx==.* onnx=="):
        export.export(card, "onnx", tmp_path / "out.onnx")


@pytest.mark.parametrize(
    ("form", "out", "says"),
    [
        ("keras", "out.h5", "should end in .keras"),
        ("keras", "gone/out.keras", "Make it first"),
        ("savedmodel", ".", "is a folder that is there already"),
    ],
)
def test_a_wrong_place_is_a_sentence(form, out, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["export", "--format", form, "--out", out]) == 1
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("outputs", [1, 2])
def test_a_legacy_file_of_one_logit_or_of_two_scores_the_same(card, tmp_path, monkeypatch, outputs):
    monkeypatch.setattr(parts, "outputs_for", lambda classes: outputs)
    two = dataclasses.replace(card, classes=["normal", "pneumonia"], domain=None)
    registry.assemble(two).save_weights(two.weights_path)
    two = dataclasses.replace(two, weights_sha256=hashlib.sha256(two.weights_path.read_bytes()).hexdigest())
    assert export.export(two, "h5", tmp_path / "out.h5")["difference"] < export.TOLERANCE
