"""Real, tiny trainings: excluded from plain runs by their marker."""

import json

import numpy as np
import pytest

from ml import data
from tests.ml import training

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    return training.films(tmp_path_factory.mktemp("data") / "films")


def config(films, epochs=1, **changes):
    from ml import train

    usual = {"architecture": "cnn156", "data": str(films), "side": 48, "batch": 8, "validation": 0.3}
    return train.Config(epochs=epochs, **(usual | changes))


def curves(out):
    return json.loads((out / "curves.json").read_text())


def test_a_run_leaves_weights_and_curves_and_does_not_begin_again(films, tmp_path):
    from ml import train

    train.run(config(films, epochs=2), tmp_path / "run")
    first = curves(tmp_path / "run")
    assert [row["epoch"] for row in first] == [1, 2]
    assert {"accuracy", "loss", "val_accuracy", "val_loss", "val_auc"} <= first[0].keys()
    assert all(0 <= row["accuracy"] <= 1 for row in first)
    train.run(config(films, epochs=2), tmp_path / "run")
    assert curves(tmp_path / "run") == first
    assert (tmp_path / "run" / "best.weights.h5").is_file()


@pytest.mark.parametrize("classes", [2, 3])
def test_a_run_killed_in_an_epoch_ends_as_if_it_had_not_been(films, tmp_path, classes):
    from ml import train

    settings = config(films, epochs=3, classes=classes)
    train.run(settings, tmp_path / "whole")
    training.killed_in_the_second_epoch(settings, tmp_path / "killed")
    assert len(curves(tmp_path / "killed")) == 1
    train.run(settings, tmp_path / "killed")
    for whole, resumed in zip(curves(tmp_path / "whole"), curves(tmp_path / "killed"), strict=True):
        assert resumed == pytest.approx(whole, abs=2e-3)


def test_three_classes_are_judged_by_class_too(films, tmp_path):
    from ml import train

    train.run(config(films, classes=3), tmp_path / "run")
    assert 0 <= curves(tmp_path / "run")[0]["val_class_accuracy"] <= 1


def test_two_outputs_and_half_precision_train(films, tmp_path):
    import keras

    from ml import train

    train.run(config(films, architecture="vgg16", side=32, precision="mixed_bfloat16"), tmp_path / "run")
    assert np.isfinite(curves(tmp_path / "run")[0]["loss"])
    assert keras.config.dtype_policy().name == "float32"


def test_a_folder_of_another_run_is_refused(films, tmp_path):
    from ml import train

    train.run(config(films), tmp_path / "run")
    with pytest.raises(data.DataError, match="other settings"):
        train.run(config(films, seed=1), tmp_path / "run")


def test_a_corrupt_film_is_named_and_counted_and_the_others_train(films, tmp_path, capsys):
    from ml import train

    folder = training.films(tmp_path / "films", count=16)
    (folder / "VIRAL" / "person200_0.jpeg").write_bytes(b"\xff\xd8\xff")
    train.run(config(folder), tmp_path / "run")
    (sentence,) = train.unreadable(tmp_path / "run")
    assert sentence.startswith("person200_0.jpeg: ")
    assert f"left out: {sentence}" in capsys.readouterr().out


def test_a_frozen_network_learns_by_its_head_and_is_kept_whole(films, tmp_path):
    from ml import architectures, train

    out = train.run(config(films, epochs=2, architecture="vgg16", side=32), tmp_path / "run")
    assert np.load(out / "training.features.npy").shape[1] == 512
    first, second = (architectures.get("vgg16").build(32) for _ in range(2))
    first.load_weights(out / "best.weights.h5")
    held = np.load(out / "validation.npy")[:4].astype("float32")
    body = train.frozen._body(first)
    assert np.allclose(body.predict_on_batch(held), np.load(out / "validation.features.npy")[:4], atol=1e-4)
    assert not np.allclose(first.predict_on_batch(held), second.predict_on_batch(held))
