"""ResNet50 (He 2015, arXiv 1512.03385), fine-tuned whole on disturbed films: 23.6 million weights, 94 MB."""

import keras
from keras import layers

from ml.architectures import parts
from ml.architectures.recipes import FINE_TUNED

RECIPE = FINE_TUNED | {"side": 224, "epochs": 12, "learning_rate": 2e-4}
HEAT_LAYER = "conv5_block3_out"


def build(side: int, classes: int = 2, weights: str | None = None) -> keras.Model:
    """As ml.architectures says; k = 1 or 3. Pixels as Caffe had them; features (n, 2048)."""
    film, picture = parts.film_and_picture(side)
    body = parts.backbone(keras.applications.ResNet50, parts.caffe(picture), weights)
    features = layers.Dropout(RECIPE["dropout"])(parts.pooled(body.output))
    return keras.Model(film, parts.raw(features, parts.outputs_for(classes)), name="resnet50")
