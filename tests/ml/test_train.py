"""A real, tiny training: excluded from plain runs by its marker."""

import json

import pytest

from ml import data, phantom
from tests.ml.drawing import jpeg

pytestmark = pytest.mark.training


@pytest.fixture
def folder(tmp_path):
    for name, opacity in (("NORMAL", False), ("PNEUMONIA", True)):
        (tmp_path / "films" / name).mkdir(parents=True)
        for seed in range(24):
            film = phantom.draw(seed + 100 * opacity, opacity, size=(130, 150))
            (tmp_path / "films" / name / f"film{name}{seed}.jpeg").write_bytes(jpeg(film))
    return tmp_path


def config(folder, epochs=1, **changes):
    from ml import train

    usual = {"architecture": "mobilenetv2", "data": str(folder / "films"), "side": 64, "batch": 8, "epochs": epochs}
    return train.Config(**(usual | changes))


def test_a_run_leaves_weights_and_curves_and_resumes_where_it_stopped(folder):
    from ml import train

    out = folder / "run"
    train.run(config(folder, epochs=2), out)
    first = json.loads((out / "curves.json").read_text())
    assert [row["epoch"] for row in first] == [1, 2]
    train.run(config(folder, epochs=2), out)
    assert json.loads((out / "curves.json").read_text()) == first
    assert (out / "best.weights.h5").is_file()


def test_a_folder_of_another_run_is_refused(folder):
    from ml import train

    train.run(config(folder), folder / "run")
    with pytest.raises(data.DataError, match="other settings"):
        train.run(config(folder, seed=1), folder / "run")
