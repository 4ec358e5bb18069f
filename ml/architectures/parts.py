"""What several networks are made of: the film as each backbone wants it, weights from elsewhere, blocks, the head."""

import warnings
from pathlib import Path

import keras
from keras import layers

from ml.data import DataError

# Means of ImageNet in the order blue, green, red, as the networks that came from Caffe subtract them.
CAFFE_MEANS = (103.939, 116.779, 123.68)


def film_and_picture(side: int):
    """((side, side) input of grey 0..255, the same as (side, side, 1)); float32 whatever the precision of the rest."""
    film = keras.Input((side, side), name="film")
    return film, layers.Reshape((side, side, 1), dtype="float32")(film)


def scaled(picture, scale: float, offset: float = 0.0):
    """picture * scale + offset."""
    return layers.Rescaling(scale, offset=offset, dtype="float32")(picture)


def rgb(picture):
    """(h, w, 1) -> (h, w, 3): the grey three times, as an RGB file of a film holds it."""
    return layers.Concatenate(dtype="float32")([picture] * 3)


def caffe(picture):
    """(h, w, 1) grey 0..255 -> (h, w, 3) blue, green, red less their means: what VGG16 and ResNet50 learned from."""
    return layers.Concatenate(dtype="float32")([scaled(picture, 1.0, -mean) for mean in CAFFE_MEANS])


def backbone(application, picture, weights: str | None, adjust=None) -> keras.Model:
    """One of keras.applications on `picture`, without its top.

    weights: "imagenet" (Keras downloads them, or takes them from ~/.keras/models), a file for the network without its
    top (.h5 or .weights.h5), or None. adjust(model) is called after weights were read. Raises DataError for weights
    that cannot be had or do not fit.
    """
    model = application(include_top=False, weights=None, input_tensor=picture)
    if weights == "imagenet":
        model.set_weights(_downloaded(application).get_weights())
    elif weights:
        _read(model, Path(weights))
    if weights and adjust:
        adjust(model)
    return model


def _downloaded(application) -> keras.Model:
    try:
        return application(include_top=False, weights="imagenet", input_shape=(224, 224, 3))
    except Exception as error:  # Keras raises a bare Exception for a failed download
        raise DataError(
            f"The ImageNet weights of {application.__name__} cannot be downloaded ({_first_line(error)}). "
            "Without a network give --weights FILE, or leave --weights out to start from noise."
        ) from error


def _read(model: keras.Model, path: Path) -> None:
    if not path.is_file():
        raise DataError(f"There is no weights file {path}; give a file, imagenet, or leave --weights out.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of each layer that a wrong file lacks: the sentence below says it once
            model.load_weights(path)
    except (ValueError, OSError, KeyError, IndexError) as error:
        raise DataError(
            f"{path} does not hold the weights of {model.name} ({_first_line(error)}). "
            "Give the file for this architecture, whole, or leave --weights out."
        ) from error


def started_from(model: keras.Model, weights: str | None) -> keras.Model:
    """A network without a published twin, from noise or from a file of its own weights; raises DataError."""
    if weights == "imagenet":
        raise DataError(f"{model.name} has no ImageNet weights; leave --weights out, or give a file of its own.")
    if weights:
        _read(model, Path(weights))
    return model


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:160]


def convolution(x, filters: int, pool: bool = True):
    """3 x 3 convolution, batch norm, ReLU, and a max pooling to half the side."""
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    return layers.MaxPooling2D()(x) if pool else x


def pooled(x):
    """The mean of each map: the 2-D layer that the head reads."""
    return layers.GlobalAveragePooling2D(name="features")(x)


def mobile(application, name: str, side: int, classes: int, weights: str | None, dropout: float) -> keras.Model:
    """A MobileNet of keras.applications with the head of ml.architectures; pixels -1..1; raises DataError."""
    film, picture = film_and_picture(side)
    body = backbone(application, rgb(scaled(picture, 1 / 127.5, -1.0)), weights)
    features = layers.Dropout(dropout)(pooled(body.output))
    return keras.Model(film, raw(features, outputs_for(classes)), name=name)


def raw(x, outputs: int):
    """(n, outputs) before any sigmoid or softmax, float32 whatever the precision of the rest."""
    return layers.Dense(outputs, name="logit", dtype="float32")(x)


def outputs_for(classes: int) -> int:
    """One logit for two classes, else one a class."""
    return 1 if classes == 2 else classes
