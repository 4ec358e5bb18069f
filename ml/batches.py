"""What a network is fed while it learns: disturbed films, mixed in pairs, each with the weight of its class."""

import keras
import numpy as np

from ml.augment import augment


def targets(indices: np.ndarray, outputs: int) -> np.ndarray:
    """(n,) class indices -> (n, outputs) of 0 and 1: the index itself for one output, else one-hot."""
    return indices[:, None] if outputs == 1 else np.eye(outputs)[indices]


class Batches(keras.utils.PyDataset):
    """((batch, side, side) float32 0..255, (batch, outputs) float32, (batch,) weights) a step; see ml.frozen too.

    Order and noise follow from seed, member and epoch alone, so that a resumed run goes on as it would have gone.
    """

    def __init__(self, films: np.ndarray, indices: np.ndarray, config, recipe: dict, outputs: int, first_epoch: int):
        super().__init__()
        self.films, self.indices, self.config, self.recipe = films, indices, config, recipe
        self.targets, self.epoch = targets(indices, outputs), first_epoch
        counts = np.bincount(indices, minlength=config.classes)
        self.class_weight = len(indices) / (len(counts) * counts)
        self.on_epoch_begin()

    def on_epoch_begin(self) -> None:
        self.order = self._chance(0).permutation(len(self.indices))

    def _chance(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng((self.config.seed, self.config.member, self.epoch, purpose))

    def on_epoch_end(self) -> None:
        self.epoch += 1

    def __len__(self) -> int:
        return len(self.indices) // self.config.batch

    def __getitem__(self, index: int):
        chosen = self.order[index * self.config.batch : (index + 1) * self.config.batch]
        rng = self._chance(1 + index)
        films = self._films(chosen, rng)
        share, other = self._mix(rng, len(chosen))
        marks, weights = self.targets[chosen], self.class_weight[self.indices[chosen]]
        each = share.reshape(-1, *[1] * (films.ndim - 1))
        return (
            each * films + (1 - each) * films[other],
            (share[:, None] * marks + (1 - share[:, None]) * marks[other]).astype("float32"),
            (share * weights + (1 - share) * weights[other]).astype("float32"),
        )

    def _films(self, chosen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        films = self.films[chosen]
        if self.recipe["augment"]:
            films = np.stack([augment(film, rng) for film in films])
        return films.astype("float32")

    def _mix(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Mixup (Zhang 2018, arXiv 1710.09412): ((n,) float32 share of each film, (n,) the film it is mixed with)."""
        strength = self.recipe["mixup"]
        share = rng.beta(strength, strength, count) if strength else np.ones(count)
        return share.astype("float32"), rng.permutation(count)
