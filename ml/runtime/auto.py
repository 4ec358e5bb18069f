"""Chooses the runtime by the machine: TensorFlow on a GPU, OpenVINO on a processor, TensorFlow where there is neither.

Found out without TensorFlow, whose start is what OpenVINO saves.
"""

import logging
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from ml.card import Card

log = logging.getLogger(__name__)

NVIDIA = Path("/proc/driver/nvidia/gpus")


def load(card: Card):
    """The model of a card in the runtime that fits this machine, ready to predict; raises as the runtimes do."""
    name, reason = choose()
    log.info("%s %s runs in %s: %s", card.name, card.version, name, reason)
    return import_module(f"ml.runtime.{name}").load(card)


def choose() -> tuple[str, str]:
    """(name of the runtime, why)."""
    if _has_gpu() and _tensorflow_sees_it():
        return "tensorflow", "there is a GPU"
    if find_spec("openvino"):
        return "openvino", "no GPU, and OpenVINO is the faster on a processor"
    return "tensorflow", "no GPU, and OpenVINO is not installed"


def _has_gpu() -> bool:
    """Whether the machine shows one at all: told by its driver, at no cost."""
    return NVIDIA.is_dir() or Path("/dev/nvidiactl").exists()


def _tensorflow_sees_it() -> bool:
    """Whether TensorFlow can use it: not without the CUDA libraries (requirements-gpu.txt)."""
    from ml.runtime import tensorflow

    return bool(tensorflow.gpus())
