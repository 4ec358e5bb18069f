"""MobileNetV2 (Sandler 2018, arXiv 1801.04381), fine-tuned whole: 2.3 million weights, 9 MB."""

import keras

from ml.architectures import parts
from ml.architectures.recipes import FINE_TUNED

RECIPE = FINE_TUNED | {"side": 160, "epochs": 12}  # 224 takes twice the time
HEAT_LAYER = "out_relu"


def build(side: int, classes: int = 2, weights: str | None = None) -> keras.Model:
    """As ml.architectures says; k = 1 or 3. Pixels -1..1."""
    return parts.mobile(keras.applications.MobileNetV2, "mobilenetv2", side, classes, weights, RECIPE["dropout"])
