"""The TensorFlow runtime: a function traced once for batches of any size, warm before the first film.

Import it in the process that predicts and nowhere else: TensorFlow does not survive a fork.
"""

import contextlib
import logging
import os

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf

from ml import architectures, outputs, preprocess, registry
from ml.card import Card
from ml.explain import heat_map, mean_heat
from ml.runtime import Answers

log = logging.getLogger(__name__)

# On a GPU, for speed: mixed_float16. On 30 films its logits differed from float32's by up to 0.005 and p by 0.0025, and
# the runtimes are held to 1e-4; the canary's tolerance takes that. mixed_bfloat16 (0.11, 0.026) is for training alone.
PRECISION = "FIRSTREAD_GPU_PRECISION"
PRECISIONS = ("float32", "mixed_float16")


class Model:
    """A loaded model, warm. One thread at a time."""

    def __init__(self, card: Card):
        self.card = card
        with _dtype_policy(_precision()):
            self._model = registry.build(card)
        self._served = traced(self._model, card.input_side)
        self._heat = [_with_heat(self._model, i, member["architecture"]) for i, member in enumerate(card.members)]
        self.predict(np.zeros((1, card.input_side, card.input_side), dtype=np.float32))

    def predict(self, batch: np.ndarray) -> Answers:
        """(n, side, side) uint8 or float32 in 0..255, from preprocess.to_tensor; any n."""
        films = np.asarray(batch, dtype=np.float32)
        if not len(films):
            return Answers.of_nothing(len(self.card.classes))
        return Answers.of({name: tensor.numpy() for name, tensor in self._served(films).items()})

    def explain(self, grey: np.ndarray) -> np.ndarray:
        """(h, w) uint8 model rendition -> (h, w) uint8 Grad-CAM heat, of several networks the mean of theirs."""
        film = tf.constant(preprocess.to_tensor(grey, self.card.input_side)[None].astype(np.float32))
        return mean_heat([_heat_of(network, film, grey.shape) for network in self._heat])


def traced(model: keras.Model, side: int):
    """A function of (n, side, side) float32, any n. One trace for all: as fast as one each, and ready 4 s sooner."""
    films = tf.TensorSpec((None, side, side), tf.float32)
    return tf.function(lambda batch: model(batch, training=False), input_signature=[films])


def _with_heat(model: keras.Model, index: int, architecture: str) -> keras.Model:
    """film -> (the last convolutional map, the raw outputs) of one network of a served model."""
    tower = model.get_layer(f"member{index}")
    heat = tower.get_layer(architectures.get(architecture).HEAT_LAYER).output
    return keras.Model(tower.input, [heat, tower.output[1]])


def _heat_of(network: keras.Model, film: tf.Tensor, shape: tuple[int, int]) -> np.ndarray:
    with tf.GradientTape() as tape:
        features, raw = network(film, training=False)
        logit = outputs.pneumonia_logit(raw)
    gradients = tape.gradient(logit, features)
    return heat_map(*(np.asarray(tensor[0], dtype=np.float32) for tensor in (features, gradients)), shape)


def gpus() -> list:
    """The GPUs that TensorFlow may use, told to take memory only as they need it."""
    found = tf.config.list_physical_devices("GPU")
    for gpu in found:
        with contextlib.suppress(RuntimeError):  # in use already: it was told before
            tf.config.experimental.set_memory_growth(gpu, True)
    return found


def _precision() -> str:
    """What to compute in: float32, on a GPU without its shortened products, unless PRECISION asks for less."""
    wanted = os.environ.get(PRECISION, "float32")
    if wanted not in PRECISIONS:
        raise ValueError(f"{PRECISION}={wanted} does not fit: it needs {' or '.join(PRECISIONS)}.")
    if not gpus():
        return "float32"
    tf.config.experimental.enable_tensor_float_32_execution(wanted != "float32")
    log.info("the model runs on a GPU in %s", wanted)
    return wanted


@contextlib.contextmanager
def _dtype_policy(name: str):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def load(card: Card) -> Model:
    """The model of a card, ready to predict; raises card.CardError, registry.WeightsMismatch."""
    return Model(card)
