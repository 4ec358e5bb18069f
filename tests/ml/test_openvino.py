"""Both runtimes on the same films: OpenVINO's graph is the model that TensorFlow runs."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml import canary, phantom, pixels, preprocess, registry
from ml.runtime import auto, cache

pytest.importorskip("openvino")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A cache of these tests' own, so that the graph is that of the code under test."""
    patch = pytest.MonkeyPatch()
    patch.setenv(cache.FOLDER, str(tmp_path_factory.mktemp("cache")))
    cache.root.cache_clear()
    yield cache.root()
    patch.undo()
    cache.root.cache_clear()


@pytest.fixture(scope="module")
def card():
    return registry.load_card("default")


@pytest.fixture(scope="module")
def both(card, folder):
    from ml.runtime import openvino, tensorflow

    return tensorflow.load(card), openvino.load(card)


def agree(card, both, films):
    one, other = (model.predict(films) for model in both)
    assert np.abs(card.calibrate(one.logits) - card.calibrate(other.logits)).max() < 1e-4
    assert np.array_equal(np.isnan(one.distances), np.isnan(other.distances))
    assert np.nan_to_num(np.abs(one.distances - other.distances)).max() < 1e-3


def test_the_graph_that_was_exported_for_a_cards_file_is_that_of_the_ledgers_card(card):
    from ml.runtime import openvino

    members = [dict(reversed(each.items())) for each in card.members]
    assert openvino._key(replace(card, members=members)) == openvino._key(card)
    assert openvino._key(replace(card, members=members[:-1])) != openvino._key(card)


def test_the_runtimes_agree_on_phantoms(card, both):
    films = [preprocess.to_tensor(phantom.draw(seed, seed % 2), card.input_side) for seed in range(12)]
    agree(card, both, np.stack(films))


def test_the_runtimes_agree_on_real_renditions(card, both, films):
    paths = sorted((films / "originals").rglob("*.jpeg"))
    renditions = [pixels.model_rendition(pixels.read(path.read_bytes())) for path in paths]
    agree(
        card, both, np.stack([preprocess.to_tensor(preprocess.load_rendition(r), card.input_side) for r in renditions])
    )


def test_each_scores_the_canary_of_the_card(card, both):
    for model in both:
        canary.check(card, model)


def test_any_number_of_films_is_answered(card, both):
    films = np.zeros((33, card.input_side, card.input_side), dtype=np.uint8)
    assert [len(both[1].predict(films[:n])) for n in (0, 1, 33)] == [0, 1, 33]


def test_the_heat_is_the_same_whichever_runs(both):
    grey = phantom.draw(3, True)
    assert np.array_equal(*(model.explain(grey) for model in both))


STARTS = """
import sys
from ml import registry
from ml.runtime import auto
model = auto.load(registry.load_card("default"))
loaded = {name for name, module in sys.modules.items() if module}
print(type(model).__module__, *{"tensorflow", "keras", "openvino_telemetry"} & loaded)
"""


def test_a_worker_whose_graph_is_cached_starts_without_tensorflow_and_reports_to_nobody(both, folder):
    environment = {**os.environ, cache.FOLDER: str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", STARTS], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    wanted = auto.choose()[0]
    assert done.stdout.split()[0] == f"ml.runtime.{wanted}"
    if wanted == "openvino":
        assert len(done.stdout.split()) == 1


def test_wrong_weights_are_refused_though_their_graph_is_cached(card, both, tmp_path):
    from dataclasses import replace

    from ml.runtime import openvino

    (tmp_path / card.weights).write_bytes(b"other")
    with pytest.raises(registry.WeightsMismatch, match="differ"):
        openvino.load(replace(card, path=tmp_path / "default.json"))
