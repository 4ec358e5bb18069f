"""One file a network, one entry a name.

Each module has RECIPE (how it is trained), HEAT_LAYER (its last convolutional map, for Grad-CAM) and
`build(side, classes=2, weights=None)`: film (n, side, side) grey 0..255 -> raw outputs (n, k) before any sigmoid or
softmax. k = 1: the logit of pneumonia; k = 2: two logits, the second of pneumonia; k = 3: normal, bacterial, viral.
Its 2-D layer "features" is what the head reads.
"""

from importlib import import_module

NAMES = ("vgg16", "cnn224", "resnet50", "cnn156", "efficientnetb1", "mobilenetv2", "mobilenet")


def get(name: str):
    """The module of a named architecture; ValueError for an unknown name. Keras is imported here, not before."""
    if name not in NAMES:
        raise ValueError(f"There is no architecture {name!r}; there are: {', '.join(NAMES)}.")
    return import_module(f"ml.architectures.{name}")
