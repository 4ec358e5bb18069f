"""From a recipe to a compiled model: optimiser, learning rate, loss, XLA and precision. Keras alone."""

import math

import keras
from keras import ops

from ml.outputs import pneumonia_logit

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
START, END = 25, 1e5  # the one cycle begins at the peak / START and ends at the peak / END


def prepare(model: keras.Model, recipe: dict, steps: int) -> None:
    """Compile for `steps` steps in all; the loss follows from how many outputs the model has."""
    model.compile(
        optimizer=_optimizer(recipe, rate(recipe, steps)),
        loss=_loss(model.output_shape[-1], recipe["label_smoothing"]),
        jit_compile=_jit(),
        weighted_metrics=[],  # named, or Keras warns that the class weights leave the metrics alone
        metrics=[accuracy],
    )


def accuracy(marks, raw):
    """Share of films on the right side of one half, pneumonia or not; a mixed film is what most of it is."""
    sick = marks if marks.shape[-1] == 1 else 1 - marks[:, :1]
    return ops.cast(ops.equal(sick > 0.5, pneumonia_logit(raw) > 0), "float32")


def _optimizer(recipe: dict, rate) -> keras.optimizers.Optimizer:
    averaged = {"use_ema": True, "ema_momentum": recipe["average"]} if recipe["average"] else {}
    if recipe["optimizer"] == "adamw":
        return keras.optimizers.AdamW(rate, weight_decay=recipe["weight_decay"], **averaged)
    return keras.optimizers.Adam(rate, **averaged)


def _loss(outputs: int, smoothing: float) -> keras.losses.Loss:
    """One or two outputs are logits of their own, three share a softmax."""
    if outputs <= 2:
        return keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=smoothing)
    return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)


def rate(recipe: dict, steps: int):
    """The learning rate over `steps` steps: a number, or a schedule of Keras."""
    peak, rising = recipe["learning_rate"], int(recipe["warmup"] * steps)
    if recipe["schedule"] == "constant":
        return peak
    if recipe["schedule"] == "one_cycle":
        return OneCycle(peak, steps, rising)
    # without a warm-up Keras starts from its first number, with one it ends the rise at warmup_target
    target = {"warmup_target": peak, "warmup_steps": rising} if rising else {}
    return keras.optimizers.schedules.CosineDecay(peak / 25 if rising else peak, max(1, steps - rising), **target)


@keras.saving.register_keras_serializable("firstread")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Up to `peak` along half a cosine over `rising` steps, then down to nearly nothing (Smith 2018, 1708.07120)."""

    def __init__(self, peak: float, steps: int, rising: int):
        self.peak, self.steps, self.rising = peak, steps, rising

    def __call__(self, step):
        step = ops.cast(step, "float32")
        up = step / max(1, self.rising)
        down = ops.minimum(1.0, (step - self.rising) / max(1, self.steps - self.rising))
        rise = self._between(self.peak / START, self.peak, up)
        return ops.where(step < self.rising, rise, self._between(self.peak, self.peak / END, down))

    @staticmethod
    def _between(start: float, end: float, share):
        return end + (start - end) * (1 + ops.cos(math.pi * share)) / 2

    def get_config(self) -> dict:
        return {"peak": self.peak, "steps": self.steps, "rising": self.rising}


def precision(asked: str) -> str:
    """The Keras policy for "auto": a processor gains nothing from half precision, a GPU twice the speed."""
    if asked != "auto":
        return asked
    return "mixed_bfloat16" if _on_gpu() else "float32"


def _jit() -> str | bool:
    """XLA where it helps: on a processor TensorFlow's convolutions were thrice as fast without (44 films/s, 13)."""
    return False if keras.config.backend() == "tensorflow" and not _on_gpu() else "auto"


def _on_gpu() -> bool:
    if keras.config.backend() == "torch":  # whose devices Keras does not list
        import torch

        return torch.cuda.is_available()
    return bool(keras.distribution.list_devices("gpu"))
