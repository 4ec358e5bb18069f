"""Each network is what its name says, in two classes and in three, and takes weights or refuses them by a sentence."""

import numpy as np
import pytest

from ml import architectures, data

SMALL = {"efficientnetb1": 64, "vgg16": 32, "resnet50": 32}
FILMS = np.random.default_rng(0).integers(0, 256, (2, 64, 64)).astype("float32")


def built(name, classes=2, weights=None):
    return architectures.get(name).build(SMALL.get(name, 64), classes=classes, weights=weights)


@pytest.mark.parametrize("name", architectures.NAMES)
def test_a_film_becomes_raw_outputs_through_named_layers(name):
    model, module = built(name), architectures.get(name)
    assert model.input_shape == (None, SMALL.get(name, 64), SMALL.get(name, 64))
    assert model.output_shape == (None, 2 if name == "vgg16" else 1)
    assert len(model.get_layer("features").output.shape) == 2
    assert len(model.get_layer(module.HEAT_LAYER).output.shape) == 4
    assert model.output.dtype == "float32"


@pytest.mark.parametrize("name", ["cnn156", "efficientnetb1", "mobilenetv2", "vgg16"])
def test_three_classes_have_three_outputs(name):
    assert built(name, classes=3).output_shape == (None, 3)


def test_vgg16_has_the_parameters_of_its_project_and_learns_its_head_alone():
    import keras

    model = architectures.get("vgg16").build(224)
    assert model.count_params() == 14_978_370
    assert sum(keras.ops.size(w) for w in model.trainable_weights) == 263_682
    assert model.get_layer("features").output.shape[-1] == 512


def test_efficientnetb1_has_its_three_convolutions_and_its_dense_layer():
    from keras import layers

    model = built("efficientnetb1", classes=3)
    wide = [
        layer
        for layer in model.layers
        if isinstance(layer, layers.Conv2D) and layer.name.startswith(("conv2d", "last"))
    ]
    assert [(layer.filters, layer.kernel_size) for layer in wide] == [(256, (5, 5)), (128, (5, 5)), (256, (5, 5))]
    hidden = next(layer for layer in model.layers if isinstance(layer, layers.Dense) and layer.units == 128)
    assert hidden.activation.__name__ == "selu"


def test_caffe_networks_see_blue_green_red_less_their_means():
    import keras

    from ml.architectures import parts

    film, picture = parts.film_and_picture(8)
    seen = keras.ops.convert_to_numpy(keras.Model(film, parts.caffe(picture))(np.full((1, 8, 8), 128, "float32")))
    rgb = np.full((1, 8, 8, 3), 128, "float32")
    assert np.allclose(seen, keras.applications.vgg16.preprocess_input(rgb.copy()))
    assert np.allclose(seen, keras.applications.resnet50.preprocess_input(rgb.copy()))


@pytest.mark.parametrize("name", ["cnn224", "mobilenet"])
def test_one_step_of_training_moves_the_weights_and_stays_finite(name):
    from ml import optimise

    model = built(name)
    optimise.prepare(model, architectures.get(name).RECIPE, steps=4)
    before = model.get_layer("logit").get_weights()[0].copy()
    loss = model.train_on_batch(FILMS, np.array([[0.0], [1.0]], dtype="float32"))[0]
    assert np.isfinite(loss)
    assert not np.array_equal(before, model.get_layer("logit").get_weights()[0])


def test_weights_of_a_file_are_taken(tmp_path):
    first = built("cnn156")
    first.save_weights(tmp_path / "own.weights.h5")
    again = built("cnn156", weights=str(tmp_path / "own.weights.h5"))
    assert np.allclose(first(FILMS), again(FILMS))


def test_weights_of_another_shape_or_cut_short_or_missing_are_refused(tmp_path):
    file = tmp_path / "own.weights.h5"
    built("cnn224").save_weights(file)
    with pytest.raises(data.DataError, match="does not hold the weights of cnn156"):
        built("cnn156", weights=str(file))
    with pytest.raises(data.DataError, match="does not hold the weights of mobilenet"):
        built("mobilenet", weights=str(file))
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(data.DataError, match="whole"):
        built("cnn224", weights=str(file))
    with pytest.raises(data.DataError, match="no weights file"):
        built("resnet50", weights=str(tmp_path / "gone.h5"))


def test_weights_that_cannot_be_downloaded_are_a_sentence(monkeypatch):
    def unreachable(*_, **__):
        raise Exception("URL fetch failure on https://storage.googleapis.com: None -- unreachable\nand more")

    monkeypatch.setattr("keras.src.applications.vgg16.file_utils.get_file", unreachable)
    with pytest.raises(data.DataError, match="VGG16 cannot be downloaded") as refused:
        built("vgg16", weights="imagenet")
    assert "--weights FILE" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_network_from_scratch_has_no_imagenet_weights():
    with pytest.raises(data.DataError, match="no ImageNet weights"):
        built("cnn224", weights="imagenet")


def test_efficientnetb1_divides_by_the_deviation_whatever_its_weights_came_from():
    """Keras does so for weights="imagenet" alone, by a layer that a graph built for a file would lack."""
    from keras import layers

    from ml.architectures.efficientnetb1 import DEVIATION, _square_deviation

    model = built("efficientnetb1")
    normalize = next(layer for layer in model.layers if isinstance(layer, layers.Normalization))
    published = [np.array((0.485, 0.456, 0.406)), DEVIATION, np.array(0)]
    normalize.set_weights(published)
    _square_deviation(model)
    assert np.allclose(normalize.get_weights()[1], DEVIATION**2)


def test_every_recipe_has_every_knob():
    from ml.architectures.recipes import PLAIN

    for name in architectures.NAMES:
        assert PLAIN.keys() | {"side", "epochs"} == architectures.get(name).RECIPE.keys()


def test_the_one_cycle_rises_to_its_peak_and_ends_near_nothing():
    from ml import optimise

    recipe = architectures.get("efficientnetb1").RECIPE
    rate = optimise.rate(recipe, steps=100)
    values = [float(rate(step)) for step in range(101)]
    assert max(values) == pytest.approx(0.00085)
    assert values.index(max(values)) == 30
    assert values[0] == pytest.approx(0.00085 / 25)
    assert values[100] < 1e-7
    assert values[:31] == sorted(values[:31])
    assert values[30:] == sorted(values[30:], reverse=True)
