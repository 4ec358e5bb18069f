"""From the networks of a model to what is served: one logit, how far a film is from those known, and the classes."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from keras import layers, ops

from ml import architectures
from ml.runtime import Answers


def pneumonia_logit(raw):
    """Raw outputs (n, k) of an architecture -> (n, 1) logit of pneumonia; keras tensors, or arrays.

    k = 1: the logit itself. k = 2: two independent logits, the second counts. k = 3: softmax logits of normal,
    bacterial and viral, of which the sigmoid gives 1 - P(normal).
    """
    count = raw.shape[-1]
    if count == 3:
        return ops.logsumexp(raw[:, 1:3], axis=-1, keepdims=True) - raw[:, 0:1]
    return raw if count == 1 else raw[:, 1:2]


def served(members: list[keras.Model], classes: int, components: int | None) -> keras.Model:
    """film (n, side, side) float32 0..255 -> {"logit": (n, 1), "distance": (n, 1), "classes": (n, 3)}.

    members: as ml.architectures builds them, of one side. "distance" is there with `components`, "classes" with three
    `classes`. The logits are averaged; with three classes the raw outputs are, so that logit and classes agree.
    """
    film = keras.Input(members[0].input.shape[1:], name="film")
    read = [_tower(member, f"member{i}")(film) for i, member in enumerate(members)]
    outputs = _answers([raw for _, raw in read], classes)
    if components:
        whitened = layers.Dense(components, name="domain", dtype="float32")(_joined([looks for looks, _ in read]))
        # 1 for a typical film of those that the layer was fitted on, see ml.domain
        outputs["distance"] = ops.sqrt(ops.mean(ops.square(whitened), axis=-1, keepdims=True))
    return keras.Model(film, outputs, name="served")


def _answers(raws: list, classes: int) -> dict:
    if classes == 3:
        mean = _mean(raws)
        return {"logit": pneumonia_logit(mean), "classes": ops.softmax(mean)}
    return {"logit": _mean([pneumonia_logit(raw) for raw in raws])}


def looks(members: list[keras.Model]) -> keras.Model:
    """film -> (n, f): how the film looks to the networks, which is what its distance is measured in."""
    film = keras.Input(members[0].input.shape[1:], name="film")
    found = [_tower(member, f"member{i}")(film)[0] for i, member in enumerate(members)]
    return keras.Model(film, _joined(found), name="looks")


def _tower(member: keras.Model, name: str) -> keras.Model:
    """film -> (its looks (n, f), its raw outputs (n, k)), sharing the member's weights."""
    means = layers.GlobalAveragePooling2D(name="looks", dtype="float32")(middle(member))
    return keras.Model(member.input, [means, member.output], name=name)


def middle(member: keras.Model):
    """(n, 2s, 2s, c): what the last of a network's maps, (n, s, s, c), were halved from.

    Later maps hold little more than the answer: to them a chest upside down, or inverted, is a chest like any other.
    Earlier ones know texture, and no anatomy.
    """
    last = member.get_layer(architectures.get(member.name).HEAT_LAYER).output
    maps = [
        layer.output
        for layer in member.layers
        if not isinstance(layer, layers.ZeroPadding2D | keras.layers.InputLayer) and len(layer.output.shape) == 4
    ]
    wider = [found for found in maps if found.shape[1] >= 2 * last.shape[1]]
    return wider[-1] if wider else last


def _joined(tensors: list):
    return tensors[0] if len(tensors) == 1 else layers.Concatenate(dtype="float32")(tensors)


def _mean(tensors: list):
    return tensors[0] if len(tensors) == 1 else layers.Average(dtype="float32")(tensors)


def predicted(model: keras.Model, films: np.ndarray):
    """What a Keras model says of films (n, side, side) uint8: an array, or a dict of arrays."""
    parts = [
        films[i : i + 512].astype("float32") for i in range(0, len(films), 512)
    ]  # all at once is 4 times the bytes
    chunks = [model.predict(part, batch_size=32, verbose=0) for part in parts]
    if isinstance(chunks[0], dict):
        return {name: np.concatenate([np.asarray(chunk[name]) for chunk in chunks]) for name in chunks[0]}
    return np.concatenate([np.asarray(chunk) for chunk in chunks])


class ByKeras:
    """A served model with a runtime's `predict`, on whatever backend Keras has: for the judge, not for the worker."""

    def __init__(self, model: keras.Model):
        self.model = model

    def predict(self, batch: np.ndarray) -> Answers:
        """(n, side, side) uint8 or float32 in 0..255; n above 0."""
        return Answers.of(predicted(self.model, batch))
