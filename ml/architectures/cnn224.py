"""A convolutional network from scratch at 224 pixels: five blocks, batch norm, dropout; 0.4 million weights."""

import keras
from keras import layers

from ml.architectures import parts
from ml.architectures.recipes import FROM_SCRATCH

RECIPE = FROM_SCRATCH | {"side": 224, "epochs": 20}
HEAT_LAYER = "last_map"
FILTERS = (16, 32, 64, 128)  # a block each; then 256 on the last map, 14 x 14


def build(side: int, classes: int = 2, weights: str | None = None) -> keras.Model:
    """As ml.architectures says; k = 1 or 3. Pixels 0..1; features (n, 256)."""
    film, x = parts.film_and_picture(side)
    x = parts.scaled(x, 1 / 255)
    for filters in FILTERS:
        x = parts.convolution(x, filters)
    x = layers.Identity(name=HEAT_LAYER)(parts.convolution(x, 256, pool=False))
    x = layers.Dropout(RECIPE["dropout"])(parts.pooled(x))
    x = layers.Dense(64, activation="relu")(x)
    model = keras.Model(film, parts.raw(x, parts.outputs_for(classes)), name="cnn224")
    return parts.started_from(model, weights)
