"""EfficientNetB1 (Tan 2019, arXiv 1905.11946) under three 5 x 5 convolutions: normal, bacterial or viral.

Its project told Lung_Opacity from Viral Pneumonia; a film's class here is the folder's, see ml.data.
"""

import keras
import numpy as np
from keras import layers

from ml.architectures import parts
from ml.architectures.recipes import PLAIN

RECIPE = PLAIN | {
    "classes": 3,
    "side": 256,
    "epochs": 25,
    "schedule": "one_cycle",
    "learning_rate": 0.00085,
    "warmup": 0.3,  # share of the cycle that rises
}
HEAT_LAYER = "last_map"
DEVIATION = np.array((0.229, 0.224, 0.225))  # of ImageNet's red, green and blue


def build(side: int, classes: int = 2, weights: str | None = None) -> keras.Model:
    """As ml.architectures says; k = 1 or 3. Pixels 0..255, scaled by the backbone; features (n, 256)."""
    film, picture = parts.film_and_picture(side)
    body = parts.backbone(keras.applications.EfficientNetB1, parts.rgb(picture), weights, adjust=_square_deviation)
    x = body.output
    for filters in (256, 128):
        x = layers.Conv2D(filters, 5, padding="same", activation="relu")(x)
    x = layers.Conv2D(256, 5, padding="same", activation="relu", name=HEAT_LAYER)(x)
    hidden = layers.Dense(128, activation="selu", kernel_initializer="lecun_normal")(parts.pooled(x))
    return keras.Model(film, parts.raw(hidden, parts.outputs_for(classes)), name="efficientnetb1")


def _square_deviation(body: keras.Model) -> None:
    """The published file holds deviations where the layer expects variances.

    Keras puts a Rescaling behind it for weights="imagenet" alone; squared here, the graph is the same for all weights.
    """
    normalize = next(layer for layer in body.layers if isinstance(layer, layers.Normalization))
    mean, variance, count = normalize.get_weights()
    if np.allclose(variance, DEVIATION, atol=1e-3):
        normalize.set_weights([mean, variance**2, count])
