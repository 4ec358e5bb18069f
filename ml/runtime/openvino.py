"""The OpenVINO runtime, for processors: a model is exported once and kept; a worker then starts without TensorFlow."""

import hashlib
import json
import logging
import os
import sys
from pathlib import Path

import numpy as np

from ml import registry
from ml.card import Card
from ml.runtime import Answers, cache

# OpenVINO reports its use to Intel unless this package is away. FirstRead tells nobody anything.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
import openvino as ov  # noqa: E402

log = logging.getLogger(__name__)

GRAPH = "model.xml"
LAYOUT = 1  # raise it with any change of what an exported graph computes


class Model:
    """A loaded model, warm. One thread at a time."""

    def __init__(self, card: Card):
        self.card = card
        registry.check(card)
        registry.verify(card)
        self._compiled = compiled(cache.folder(_key(card), lambda draft: export(card, draft)))
        self._names = [output.get_any_name() for output in self._compiled.outputs]
        self._with_gradients = None
        self.predict(np.zeros((1, card.input_side, card.input_side), dtype=np.float32))

    def predict(self, batch: np.ndarray) -> Answers:
        """(n, side, side) uint8 or float32 in 0..255, from preprocess.to_tensor; any n."""
        films = np.ascontiguousarray(batch, dtype=np.float32)
        if not len(films):
            return Answers.of_nothing(len(self.card.classes))
        found = self._compiled(films)
        return Answers.of({name: found[i].copy() for i, name in enumerate(self._names)})

    def explain(self, grey: np.ndarray) -> np.ndarray:
        """(h, w) uint8 model rendition -> (h, w) uint8 Grad-CAM heat. OpenVINO has no gradients: TensorFlow draws."""
        if self._with_gradients is None:
            from ml.runtime import tensorflow  # takes seconds, and few films are explained

            self._with_gradients = tensorflow.load(self.card)
        return self._with_gradients.explain(grey)


def compiled(folder: Path) -> ov.CompiledModel:
    """The graph in a folder, ready to be called with (n, side, side) float32, any n."""
    return ov.Core().compile_model(folder / GRAPH, "CPU", settings())


def settings() -> dict:
    """Float32 throughout, and every core that this process may use on the batch at hand."""
    return {
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": len(os.sched_getaffinity(0)),
        "ENABLE_HYPER_THREADING": True,
        "ENABLE_CPU_PINNING": False,  # a machine is seldom its own: a pinned thread waits behind its neighbour
    }


def _key(card: Card) -> str:
    """The same for the same weights in the same graph, and another for any other."""
    graph = [card.members, card.classes, card.domain and card.domain["components"], LAYOUT, ov.__version__]
    # Sorted: the ledger keeps a card's facts in an order of its own, and what the preparation exported is the worker's.
    facts = json.dumps(graph, sort_keys=True)
    return f"openvino-{card.weights_sha256[:20]}-{hashlib.sha256(facts.encode()).hexdigest()[:12]}"


def export(card: Card, folder: Path) -> None:
    """Write the served graph of a card; raises as registry.build does."""
    log.info("exporting %s %s for OpenVINO, once", card.name, card.version)
    write(registry.build(card), folder)


def write(model, folder: Path) -> None:
    """Write a Keras model of TensorFlow's as model.xml and model.bin, float32, for batches of any size."""
    model.export(str(folder / GRAPH), format="openvino", verbose=False)


def load(card: Card) -> Model:
    """The model of a card, ready to predict; raises card.CardError, registry.WeightsMismatch."""
    return Model(card)
