"""The TensorFlow runtime: a traced function of fixed batch shapes, warm before the first film.

Import it in the process that predicts and nowhere else: TensorFlow does not survive a fork.
"""

import os

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf

from ml import architectures, preprocess, registry
from ml.card import Card
from ml.explain import heat_map

SHAPES = (
    1,
    8,
    32,
)  # each is traced once; a batch is padded to the next, so that nothing is traced in service


class Model:
    """A loaded model, warm. One thread at a time."""

    def __init__(self, card: Card):
        self.card = card
        model = registry.build(card)
        heat = model.get_layer(architectures.get(card.architecture).HEAT_LAYER).output
        self._with_features = keras.Model(model.input, [heat, model.output])
        self._logits = tf.function(lambda films: model(films, training=False)[:, 0])
        for size in SHAPES:
            self._padded(np.zeros((size, card.input_side, card.input_side), dtype=np.float32))

    def predict(self, batch: np.ndarray) -> np.ndarray:
        """(n, side, side) uint8 or float32 in 0..255, from preprocess.to_tensor -> (n,) float32 logits; any n."""
        films = np.asarray(batch, dtype=np.float32)
        parts = [self._padded(films[i : i + SHAPES[-1]]) for i in range(0, len(films), SHAPES[-1])]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)

    def explain(self, grey: np.ndarray) -> np.ndarray:
        """(h, w) uint8 model rendition -> (h, w) uint8 Grad-CAM heat."""
        film = preprocess.to_tensor(grey, self.card.input_side)[None].astype(np.float32)
        with tf.GradientTape() as tape:
            features, logit = self._with_features(tf.constant(film), training=False)
        gradients = tape.gradient(logit, features)
        return heat_map(features[0].numpy(), gradients[0].numpy(), grey.shape)

    def _padded(self, films: np.ndarray) -> np.ndarray:
        size = next(shape for shape in SHAPES if shape >= len(films))
        filled = np.zeros((size, *films.shape[1:]), dtype=np.float32)
        filled[: len(films)] = films
        return self._logits(tf.constant(filled)).numpy()[: len(films)]


def load(card: Card) -> Model:
    """The model of a card, ready to predict; raises registry.WeightsMismatch before anything is loaded."""
    return Model(card)
