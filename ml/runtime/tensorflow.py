"""The TensorFlow runtime: a function traced once for batches of any size, warm before the first film.

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


class Model:
    """A loaded model, warm. One thread at a time."""

    def __init__(self, card: Card):
        self.card = card
        model = registry.build(card)
        heat = model.get_layer(architectures.get(card.architecture).HEAT_LAYER).output
        self._with_features = keras.Model(model.input, [heat, model.output])
        # One trace for every batch size: as fast as one each, and the worker is ready 4 s sooner.
        films = tf.TensorSpec((None, card.input_side, card.input_side), tf.float32)
        self._logits = tf.function(lambda batch: model(batch, training=False)[:, 0], input_signature=[films])
        self.predict(np.zeros((1, card.input_side, card.input_side), dtype=np.float32))

    def predict(self, batch: np.ndarray) -> np.ndarray:
        """(n, side, side) uint8 or float32 in 0..255, from preprocess.to_tensor -> (n,) float32 logits; any n."""
        films = np.asarray(batch, dtype=np.float32)
        return self._logits(films).numpy() if len(films) else np.zeros(0, dtype=np.float32)

    def explain(self, grey: np.ndarray) -> np.ndarray:
        """(h, w) uint8 model rendition -> (h, w) uint8 Grad-CAM heat."""
        film = preprocess.to_tensor(grey, self.card.input_side)[None].astype(np.float32)
        with tf.GradientTape() as tape:
            features, logit = self._with_features(tf.constant(film), training=False)
        gradients = tape.gradient(logit, features)
        return heat_map(features[0].numpy(), gradients[0].numpy(), grey.shape)


def load(card: Card) -> Model:
    """The model of a card, ready to predict; raises registry.WeightsMismatch before anything is loaded."""
    return Model(card)
