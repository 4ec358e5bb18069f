"""A convolutional network from scratch at 156 pixels, on RGB as the files hold it: 0.3 million weights."""

import keras
from keras import layers

from ml.architectures import parts
from ml.architectures.recipes import FROM_SCRATCH

RECIPE = FROM_SCRATCH | {"side": 156, "epochs": 25}
HEAT_LAYER = "last_map"
FILTERS = (32, 48, 64, 96)  # a block each; then 160 on the last map, 9 x 9


def build(side: int, classes: int = 2, weights: str | None = None) -> keras.Model:
    """As ml.architectures says; k = 1 or 3. Pixels 0..1 in three equal channels; features (n, 160)."""
    film, x = parts.film_and_picture(side)
    x = parts.rgb(parts.scaled(x, 1 / 255))
    for filters in FILTERS:
        x = parts.convolution(x, filters)
    x = layers.Identity(name=HEAT_LAYER)(parts.convolution(x, 160, pool=False))
    x = layers.Dropout(RECIPE["dropout"])(parts.pooled(x))
    model = keras.Model(film, parts.raw(x, parts.outputs_for(classes)), name="cnn156")
    return parts.started_from(model, weights)
