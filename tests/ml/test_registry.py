import dataclasses
import hashlib
import shutil

import pytest

from ml import card, registry


@pytest.fixture
def copy(tmp_path):
    """The shipped model, where it may be damaged."""
    shipped = registry.load_card("default")
    shutil.copy(shipped.weights_path, tmp_path)
    shutil.copy(shipped.path, tmp_path)
    return registry.load_card(tmp_path / shipped.path.name)


def test_the_default_is_available():
    assert "default" in [found.name for found in registry.available()]


def test_the_shipped_weights_are_the_ones_on_the_card():
    registry.verify(registry.load_card("default"))


def test_the_shipped_weights_fit_in_git():
    assert registry.load_card("default").weights_path.stat().st_size <= 20 * 2**20


def test_a_card_may_be_given_by_path(copy):
    assert copy.name == "default"
    registry.verify(copy)


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(card.CardError, match=r"no model nonsense.*default"):
        registry.load_card("nonsense")


def test_changed_weights_are_refused(copy):
    with copy.weights_path.open("r+b") as file:
        file.seek(5000)
        file.write(b"\x01\x02")
    with pytest.raises(registry.WeightsMismatch, match="differ from their card"):
        registry.verify(copy)


def test_missing_weights_are_named(copy):
    copy.weights_path.unlink()
    with pytest.raises(registry.WeightsMismatch, match="not beside their card"):
        registry.verify(copy)


def test_weights_of_another_shape_are_refused_though_their_hash_fits(copy):
    copy.weights_path.write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 100)
    sha256 = hashlib.sha256(copy.weights_path.read_bytes()).hexdigest()
    with pytest.raises(registry.WeightsMismatch, match="do not fit"):
        registry.build(dataclasses.replace(copy, weights_sha256=sha256))


def resealed(copy):
    """The card with the hash of whatever lies beside it now."""
    return dataclasses.replace(copy, weights_sha256=hashlib.sha256(copy.weights_path.read_bytes()).hexdigest())


def test_weights_that_are_cut_off_are_refused(copy):
    copy.weights_path.write_bytes(copy.weights_path.read_bytes()[:-200_000])
    with pytest.raises(registry.WeightsMismatch, match="cut off"):
        registry.build(resealed(copy))


def test_weights_of_another_network_are_refused(copy):
    with pytest.raises(registry.WeightsMismatch, match="of another shape"):
        registry.build(dataclasses.replace(copy, members=[{"architecture": "mobilenet", "side": copy.input_side}]))


def test_an_architecture_that_is_not_known_here_is_named(copy):
    with pytest.raises(card.CardError, match=r"architecture swin.*update FirstRead"):
        registry.build(dataclasses.replace(copy, members=[{"architecture": "swin", "side": copy.input_side}]))


def test_a_model_file_is_never_opened_where_a_card_is_wanted(tmp_path):
    with pytest.raises(card.CardError, match=r"can carry code.*ml train or merge"):
        registry.load_card(tmp_path / "model.keras")


def test_a_keras_file_with_a_lambda_under_the_name_of_weights_is_refused(copy, tmp_path):
    import keras

    film = keras.Input((copy.input_side, copy.input_side))
    keras.Model(film, keras.layers.Lambda(lambda x: x * 2)(film)).save(tmp_path / "harm.keras")
    shutil.copy(tmp_path / "harm.keras", copy.weights_path)
    with pytest.raises(registry.WeightsMismatch, match="do not fit"):
        registry.build(resealed(copy))


def test_a_report_that_is_not_there_is_asked_for(copy):
    with pytest.raises(card.CardError, match=r"no report.*default.report.html"):
        registry.require_report(copy)
    copy.report_path.write_text("<h1>default</h1>")
    assert registry.require_report(copy) == copy.report_path


def test_a_report_beside_a_card_is_no_card(tmp_path, monkeypatch, copy):
    monkeypatch.setattr(registry, "WEIGHTS", tmp_path)
    (tmp_path / "default.report.json").write_text("{}")
    assert [found.name for found in registry.available()] == ["default"]


def test_a_model_of_another_pixel_path_is_refused(copy):
    with pytest.raises(card.CardError, match="Train it again"):
        registry.build(dataclasses.replace(copy, preprocess_version="pixels-0"))
