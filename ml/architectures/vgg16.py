"""VGG16 (Simonyan 2014, arXiv 1409.1556), frozen, under a small head: 14,978,370 weights, 263,682 of them trained.

Two outputs, each a logit of its own against a one-hot label, as the project that it comes from had it: p is the
sigmoid of the second.
"""

import keras
from keras import layers

from ml.architectures import parts
from ml.architectures.recipes import PLAIN

# Undisturbed films, so that the frozen part need read each of them once: ml.frozen.
RECIPE = PLAIN | {"side": 224, "epochs": 30, "augment": False}
HEAT_LAYER = "block5_conv3"


def build(side: int, classes: int = 2, weights: str | None = None) -> keras.Model:
    """As ml.architectures says; k = 2 or 3. Pixels as Caffe had them; features (n, 512)."""
    film, picture = parts.film_and_picture(side)
    body = parts.backbone(keras.applications.VGG16, parts.caffe(picture), weights)
    body.trainable = False
    means = layers.GlobalAveragePooling2D()(body.output)
    features = layers.Flatten(name="features")(means)
    hidden = layers.Dense(512, activation="relu")(features)
    return keras.Model(film, parts.raw(hidden, classes), name="vgg16")
