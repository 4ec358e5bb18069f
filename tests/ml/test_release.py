"""From runs to what is shipped; the runs are fabricated, see tests.ml.runs."""

import json
import shutil

import h5py
import numpy as np
import pytest

from ml import canary, card, data
from ml.cli import main
from tests.ml import runs

ABOUT = {"data": "phantoms", "age_range": [1, 5], "limits": ["drawn"], "credit": "nobody"}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(folder of runs, the card of an ensemble of two)."""
    folder = tmp_path_factory.mktemp("release")
    films = runs.films(folder / "films")
    members = [runs.finished(folder / name, films, member=i) for i, name in enumerate(("one", "two"))]
    from ml.release import release

    return folder, release(members, folder / "out", "duo", "1.2.3", ABOUT)


def test_what_is_shipped_lies_together_and_is_read_back(made):
    folder, found = made
    names = {path.name for path in (folder / "out").iterdir()}
    assert {"duo.json", "duo.weights.h5", "duo.validation.csv", "duo.report.html", "duo.report.json"} <= names
    assert not [name for name in names if "draft" in name]
    assert card.load(folder / "out" / "duo.json") == found
    assert found.report_path.is_file()


def test_the_card_names_its_members_and_their_curves(made):
    _, found = made
    assert (found.architecture, found.input_side) == ("ensemble", 64)
    assert found.members == [{"architecture": "cnn156", "side": 64, "started_from": "no"}] * 2
    assert [row["member"] for row in found.curves] == [0, 1]


def test_weights_are_half_as_large_and_small_arrays_whole(made):
    _, found = made
    kinds = {True: set(), False: set()}

    def note(_, it):
        if isinstance(it, h5py.Dataset):
            kinds[it.ndim >= 2].add(it.dtype)

    with h5py.File(found.weights_path) as file:
        file.visititems(note)
    assert kinds[True] == {np.dtype("float16")}
    assert np.dtype("float16") not in kinds[False]


def test_the_logit_is_the_mean_of_its_members(made):
    folder, found = made
    from ml import members, registry, train

    film = canary.film(3, 64)
    alone = [
        members.network(folder / name, train.read_config(folder / name))(film.astype("float32"), training=False)
        for name in ("one", "two")
    ]
    both = registry.build(found)(film.astype("float32"), training=False)
    assert float(both["logit"][0, 0]) == pytest.approx(np.mean([float(logit[0, 0]) for logit in alone]), abs=0.02)


def test_the_canary_sings_in_each_runtime_and_a_heat_map_is_the_mean(made):
    _, found = made
    from ml.runtime import tensorflow

    model = tensorflow.load(found)
    canary.check(found, model)
    heat = model.explain(canary.film(3, 64)[0])
    assert (heat.shape, heat.dtype) == ((64, 64), np.uint8)


def test_the_domain_lets_known_films_in_and_noise_not(made):
    folder, found = made
    from ml import members, train
    from ml.runtime import tensorflow

    model, config = tensorflow.load(found), train.read_config(folder / "one")
    _, (held, _), _ = members.films(folder / "one", config)
    noise = np.random.default_rng(0).integers(0, 256, (8, 64, 64)).astype(np.uint8)
    inside = [found.in_domain(each) for each in model.predict(held).distances]
    assert np.mean(inside) >= 0.97
    assert not any(found.in_domain(each) for each in model.predict(noise).distances)
    assert found.domain["false_reject"]["films"] == len(held)


def test_runs_that_do_not_share_a_split_are_refused(made, tmp_path):
    folder, _ = made
    from ml.release import release

    other = runs.finished(tmp_path / "other", folder / "films", seed=7)
    with pytest.raises(data.DataError, match="differ in seed"):
        release([folder / "one", other], tmp_path / "out", "duo", "1", ABOUT)
    assert not (tmp_path / "out").exists()


def test_the_same_run_twice_is_refused(made, tmp_path):
    folder, _ = made
    from ml.release import release

    with pytest.raises(data.DataError, match="given twice"):
        release([folder / "one", folder / "one"], tmp_path / "out", "duo", "1", ABOUT)


def test_an_error_half_way_leaves_nothing(made, tmp_path, monkeypatch):
    folder, _ = made
    from ml import release

    monkeypatch.setattr(release, "write_report", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        release.release([folder / "one"], tmp_path / "out", "duo", "1", ABOUT)
    assert list((tmp_path / "out").iterdir()) == []


def test_merge_says_in_a_sentence_what_is_no_run(tmp_path, capsys):
    assert main(["merge", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert "holds no run" in capsys.readouterr().err


def test_local_films_make_a_new_card_of_the_same_weights(made, tmp_path, capsys):
    folder, found = made
    out, films = tmp_path / "local", tmp_path / "films"
    shutil.copytree(folder / "films", films)
    next((films / "NORMAL").iterdir()).write_bytes(b"damaged")
    arguments = ["calibrate", "--model", str(found.path), "--data", str(films), "--out", str(out)]
    assert main([*arguments, "--version", "1.2.3-ward"]) == 0
    assert "left out: IM-" in capsys.readouterr().out
    local = card.load(out / "duo.json")
    assert local.weights_sha256 == found.weights_sha256
    assert local.weights_path.read_bytes() == found.weights_path.read_bytes()
    assert local.calibration_data["films"] == runs.SICK + runs.OTHERS - 1
    assert (local.version, local.data) == ("1.2.3-ward", found.data)
    assert local.temperature != found.temperature
    assert json.loads((out / "duo.report.json").read_text())


def test_a_model_is_not_calibrated_on_the_films_it_learned_from(made, tmp_path, capsys):
    folder, found = made
    arguments = ["calibrate", "--model", str(found.path), "--data", str(folder / "films"), "--out", str(tmp_path / "x")]
    assert main([*arguments, "--version", "2"]) == 1
    assert "learned from" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(("keep", "sentence"), [(20, "too few"), (0, "no film of class NORMAL")])
def test_too_few_local_films_are_refused(made, tmp_path, capsys, keep, sentence):
    folder, found = made
    for name in ("NORMAL", "PNEUMONIA"):
        (tmp_path / "few" / name).mkdir(parents=True)
        for path in sorted((folder / "films" / name).iterdir())[: keep if name == "NORMAL" else 20]:
            (tmp_path / "few" / name / path.name).write_bytes(path.read_bytes())
    out = str(tmp_path / "out")
    arguments = ["calibrate", "--model", str(found.path), "--data", str(tmp_path / "few"), "--out", out]
    assert main([*arguments, "--version", "2"]) == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_new_card_needs_a_version_and_a_folder_of_its_own(made, tmp_path, capsys):
    folder, found = made
    arguments = ["calibrate", "--model", str(found.path), "--data", str(folder / "films")]
    assert main([*arguments, "--out", str(tmp_path), "--version", found.version]) == 1
    assert main([*arguments, "--out", str(found.path.parent), "--version", "3"]) == 1
    assert "of its own" in capsys.readouterr().err
