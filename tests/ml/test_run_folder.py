"""What a run folder holds, and what is refused before one is begun; nothing is trained here."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from ml import data
from tests.ml import training


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    return training.films(tmp_path_factory.mktemp("data") / "films", count=6)


def config(films, **changes):
    from ml import train

    usual = {"architecture": "cnn156", "data": str(films), "side": 48, "epochs": 1, "batch": 4, "validation": 0.3}
    return train.Config(**(usual | changes))


def test_a_run_of_an_older_version_lacks_fields_and_goes_on(films, tmp_path):
    from ml import train

    older = asdict(config(films))
    for name in ("classes", "precision", "patient_pattern"):
        del older[name]
    (tmp_path / "config.json").write_text(json.dumps(older))
    assert train.read_config(tmp_path) == config(films)
    train._refuse_other(tmp_path, config(films))
    with pytest.raises(data.DataError, match="other settings"):
        train._refuse_other(tmp_path, config(films, classes=3))


@pytest.mark.parametrize("content", ["{", "[]", '{"architecture": "cnn156", "colour": 1}'])
def test_a_config_that_cannot_be_read_is_a_sentence(tmp_path, content):
    from ml import train

    (tmp_path / "config.json").write_text(content)
    with pytest.raises(data.DataError, match=r"config\.json cannot be read"):
        train.read_config(tmp_path)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"weights": "gone.h5"}, "no weights file gone.h5"),
        ({"weights": "imagenet"}, "no ImageNet weights"),
        ({"validation": 0.01}, "Too few patients"),
        ({"data": "nowhere"}, "not a folder"),
        ({"patient_pattern": "("}, "not a regular expression"),
    ],
)
def test_a_mistake_leaves_no_run_folder(films, tmp_path, changes, says):
    from ml import train

    with pytest.raises(data.DataError, match=says):
        train.run(config(films, **changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_fewer_films_than_a_batch_are_refused(films, tmp_path):
    from ml import train

    with pytest.raises(data.DataError, match="fill no batch of 64"):
        train.run(config(films, batch=64), tmp_path / "run")


def test_tensorboard_that_is_not_installed_is_a_sentence(films, tmp_path, monkeypatch):
    from ml import train

    monkeypatch.setattr("ml.judging.find_spec", lambda name: None)
    with pytest.raises(data.DataError, match="pip install tensorboard"):
        train.run(config(films), tmp_path / "run", tensorboard=True)


def test_an_out_that_is_a_file_is_a_sentence(films, tmp_path):
    from ml import train

    (tmp_path / "run").write_text("")
    with pytest.raises(data.DataError, match="is a file"):
        train.run(config(films), tmp_path / "run")
    with pytest.raises(data.DataError, match="cannot be made"):
        train.run(config(films), tmp_path / "run" / "below")


def test_a_run_does_not_go_on_with_other_films(films, tmp_path):
    from ml import train

    settings = config(films)
    for name, part in zip(("training", "validation"), train.samples(settings), strict=True):
        train.rendered(tmp_path / name, part, 48)
    (tmp_path / "curves.json").write_text("[]")
    (tmp_path / "config.json").write_text(json.dumps(asdict(settings)))
    index = json.loads((tmp_path / "validation.json").read_text())
    index["made_for"]["films"] = "others"
    (tmp_path / "validation.json").write_text(json.dumps(index))
    before = (tmp_path / "training.npy").stat().st_mtime_ns
    with pytest.raises(data.DataError, match="no longer those that the run"):
        train.run(settings, tmp_path)
    assert (tmp_path / "training.npy").stat().st_mtime_ns == before


def test_films_that_moved_keep_their_tensors_and_an_older_index_is_rendered_anew(films, tmp_path):
    from ml import train

    _, part = train.samples(config(films))
    first, _ = train.rendered(tmp_path / "validation", part, 48)
    moved = [replace(sample, path=tmp_path / f"z{len(part) - i}.jpeg") for i, sample in enumerate(part)][::-1]
    again, kept = train.cached(tmp_path / "validation", moved, 48)
    assert (again == first).all()
    assert [sample.sha256 for sample in kept] == [sample.sha256 for sample in part]
    index = json.loads((tmp_path / "validation.json").read_text())
    del index["sha256"]
    (tmp_path / "validation.json").write_text(json.dumps(index))
    assert train.cached(tmp_path / "validation", part, 48)[1] == part
    assert train.cached(tmp_path / "validation", moved, 48) is None


def test_features_go_with_the_films_that_they_were_read_from(films, tmp_path):
    from ml import train

    (tmp_path / "validation.features.npy").write_bytes(b"")
    train.rendered(tmp_path / "validation", train.samples(config(films))[1], 48)
    assert not (tmp_path / "validation.features.npy").exists()


def test_members_trained_on_other_films_are_refused(films, tmp_path):
    from ml import members, train

    for i, name in enumerate(("one", "two")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps(asdict(config(films, member=i))))
        for file in ("best.weights.h5", "curves.json"):
            (tmp_path / name / file).write_text("")
        for side in ("training", "validation"):
            (tmp_path / name / f"{side}.json").write_text(json.dumps({"made_for": {"films": f"of {name}"}}))
    with pytest.raises(data.DataError, match="trained on other films"):
        members.agreed([tmp_path / "one", tmp_path / "two"])
    assert train.made_for(tmp_path / "one") == {"training": "of one", "validation": "of one"}


def test_a_training_that_diverged_is_a_sentence(tmp_path):
    from ml import judging

    class Lost:
        layers = ()

        def predict_on_batch(self, films):
            return np.full((len(films), 1), np.nan)

    films = np.zeros((4, 8, 8), dtype=np.uint8)
    judge = judging.Judge(tmp_path, None, films, films, np.array([0, 1, 0, 1]))
    judge.set_model(Lost())
    with pytest.raises(data.DataError, match="diverged"):
        judge.on_epoch_end(0, {"loss": 0.5})
    assert not list(tmp_path.iterdir())


def test_films_are_rendered_once_and_the_unreadable_are_kept_by_name(films, tmp_path):
    from ml import train

    _, validation = train.samples(config(films))
    first, kept = train.rendered(tmp_path / "validation", validation, 48)
    again, kept_again = train.cached(tmp_path / "validation", validation, 48)
    assert (first == again).all()
    assert kept == kept_again == validation
    assert train.cached(tmp_path / "validation", validation, 64) is None
    assert train.unreadable(tmp_path) == []
