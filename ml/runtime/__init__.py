"""Ways to run a model: tensorflow, openvino, and auto, which chooses.

Each module has `load(card)`, whose result has `predict(batch) -> Answers` and `explain(grey) -> heat`.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Answers:
    """What a model says of n films, in the order they were given."""

    logits: np.ndarray  # (n,) float32, before the card's calibration
    distances: np.ndarray  # (n,) float32 from the films it knows, for card.in_domain; NaN where the card has no domain
    classes: np.ndarray | None = None  # (n, 3) float32, P(normal, bacterial, viral), of a model with three classes

    def __len__(self) -> int:
        return len(self.logits)

    @classmethod
    def of(cls, outputs: dict) -> "Answers":
        """From what a served model gives (see ml.outputs): arrays by name."""
        logits = np.asarray(outputs["logit"], dtype=np.float32)[:, 0]
        found, distances = outputs.get("distance"), np.full(len(logits), np.nan, dtype=np.float32)
        if found is not None:
            distances = np.asarray(found, dtype=np.float32)[:, 0]
        return cls(logits, distances, outputs.get("classes"))

    @classmethod
    def of_nothing(cls, classes: int) -> "Answers":
        """To an empty batch; classes: how many the model tells apart."""
        empty = np.zeros(0, dtype=np.float32)
        return cls(empty, empty, np.zeros((0, 3), dtype=np.float32) if classes == 3 else None)
