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


def test_a_model_of_another_pixel_path_is_refused(copy):
    with pytest.raises(card.CardError, match="Train it again"):
        registry.build(dataclasses.replace(copy, preprocess_version="pixels-0"))
