"""How long a film takes in each runtime, beside plain MobileNetV2 in the same minute, since no machine is ever idle."""

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ml import architectures
from ml.card import Card

BATCHES = (1, 32)
ROUNDS = {1: 60, 32: 6}  # of each runner, by batch
PLAIN = "mobilenetv2"


def bench(card: Card) -> list[dict]:
    """One row a runtime and batch: ms a film of the model and of plain MobileNetV2, medians, and their ratio."""
    rng = np.random.default_rng(0)
    with TemporaryDirectory() as folder:
        pairs = {name: make(card, Path(folder)) for name, make in _runtimes().items()}
        rows = []
        for batch in BATCHES:
            films = rng.integers(0, 256, (batch, card.input_side, card.input_side)).astype(np.float32)
            runners = {(name, which): pair[which] for name, pair in pairs.items() for which in (0, 1)}
            spent = interleaved(runners, films, ROUNDS[batch])
            rows += [_row(name, batch, spent[name, 0], spent[name, 1]) for name in pairs]
    return rows


def interleaved(runners: dict, films: np.ndarray, rounds: int) -> dict:
    """{key: median ms a film}; every runner has its turn in every round, so that all meet the same machine."""
    spent: dict = {key: [] for key in runners}
    for run in runners.values():
        run(films)  # warm
    for _ in range(rounds):
        for key, run in runners.items():
            start = time.perf_counter()
            run(films)
            spent[key].append(time.perf_counter() - start)
    return {key: 1000 * float(np.median(times)) / len(films) for key, times in spent.items()}


def _row(name: str, batch: int, ours: float, plain: float) -> dict:
    found = {"model_ms": round(ours, 2), "mobilenetv2_ms": round(plain, 2), "ratio": round(ours / plain, 2)}
    return {"runtime": name, "batch": batch} | found


def _runtimes() -> dict[str, Callable]:
    """{name: function of (card, folder) that gives (our runner, plain MobileNetV2's)}; those installed here."""
    from importlib.util import find_spec

    return {"tensorflow": _tensorflow} | ({"openvino": _openvino} if find_spec("openvino") else {})


def _plain(side: int):
    from ml import outputs

    return outputs.served([architectures.get(PLAIN).build(side)], 2, None)


def _tensorflow(card: Card, folder: Path) -> tuple[Callable, Callable]:
    from ml.runtime import tensorflow

    return tensorflow.load(card).predict, tensorflow.traced(_plain(card.input_side), card.input_side)


def _openvino(card: Card, folder: Path) -> tuple[Callable, Callable]:
    from ml.runtime import openvino

    openvino.write(_plain(card.input_side), folder)
    return openvino.load(card).predict, openvino.compiled(folder)
