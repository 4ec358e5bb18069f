"""MobileNetV2 (Sandler 2018, arXiv 1801.04381), fine-tuned whole: the default, 2.3 million weights, 9 MB."""

import keras
from keras import layers

# What a film looks like on the way in: (side, side) grey, 0..255, as ml.preprocess gives it.
RECIPE = {
    "side": 160,  # 224 takes twice the time
    "epochs": 12,
    "batch": 32,
    "learning_rate": 4e-4,  # peak; cosine to zero
    "warmup": 0.1,  # share of all steps: the new head's first gradients would tear the features
    "weight_decay": 1e-4,
    "label_smoothing": 0.05,
    "mixup": 0.2,
    "average": 0.995,  # momentum of the exponential average of the weights, a step
    "dropout": 0.3,
}
HEAT_LAYER = "out_relu"  # last feature map: what Grad-CAM looks at


def build(side: int, weights: str | None = None) -> keras.Model:
    """(n, side, side) grey 0..255 -> (n, 1) logit. weights: "imagenet", a notop .weights.h5 file, or None."""
    film = keras.Input((side, side), name="film")
    picture = layers.Reshape((side, side, 1))(film)
    picture = layers.Rescaling(1 / 127.5, offset=-1.0)(picture)
    picture = layers.Concatenate()([picture] * 3)
    backbone = keras.applications.MobileNetV2(include_top=False, weights=weights, input_tensor=picture)
    features = layers.GlobalAveragePooling2D()(backbone.output)
    features = layers.Dropout(RECIPE["dropout"])(features)
    return keras.Model(film, layers.Dense(1, name="logit")(features), name="mobilenetv2")
