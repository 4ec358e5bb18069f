"""One file a network, one entry a name. Each module has `build(side, weights)` and `RECIPE`."""

from importlib import import_module

NAMES = ("mobilenetv2", "mobilenet")


def get(name: str):
    """The module of a named architecture; ValueError for an unknown name. Keras is imported here, not before."""
    if name not in NAMES:
        raise ValueError(f"There is no architecture {name!r}; there are: {', '.join(NAMES)}.")
    return import_module(f"ml.architectures.{name}")
