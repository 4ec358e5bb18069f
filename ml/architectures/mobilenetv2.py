"""MobileNetV2 (Sandler 2018, arXiv 1801.04381), fine-tuned whole: 2.3 million weights, 9 MB."""

import keras
from keras import layers

from ml.architectures import parts
from ml.architectures.recipes import FINE_TUNED

RECIPE = FINE_TUNED | {"side": 160, "epochs": 12}  # 224 takes twice the time
HEAT_LAYER = "out_relu"


def build(side: int, classes: int = 2, weights: str | None = None) -> keras.Model:
    """As ml.architectures says; k = 1 or 3. Pixels -1..1."""
    film, picture = parts.film_and_picture(side)
    picture = parts.rgb(parts.scaled(picture, 1 / 127.5, -1.0))
    body = parts.backbone(keras.applications.MobileNetV2, picture, weights)
    features = layers.Dropout(RECIPE["dropout"])(parts.pooled(body.output))
    return keras.Model(film, parts.raw(features, parts.outputs_for(classes)), name="mobilenetv2")
