"""MobileNet (Howard 2017, arXiv 1704.04861), fine-tuned whole: 3.2 million weights, 13 MB."""

import keras

from ml.architectures import parts
from ml.architectures.recipes import FINE_TUNED

RECIPE = FINE_TUNED | {"side": 160, "epochs": 12}  # 224 takes twice the time
HEAT_LAYER = "conv_pw_13_relu"


def build(side: int, classes: int = 2, weights: str | None = None) -> keras.Model:
    """As ml.architectures says; k = 1 or 3. Pixels -1..1."""
    return parts.mobile(keras.applications.MobileNet, "mobilenet", side, classes, weights, RECIPE["dropout"])
