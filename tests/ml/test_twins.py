"""One pixel path: a native film, however it is wrapped, scores as its small twin in the training set."""

import numpy as np
import pytest

from ml import pixels, preprocess, registry
from tests.ml.drawing import dicom, png

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def probabilities(films) -> dict[str, np.ndarray]:
    """{way: p of each original}; "twin" is the path of training."""
    from ml.runtime import auto

    card = registry.load_card("default")
    model = auto.load(card)
    found = {}
    for path in sorted((films / "originals").rglob("*.jpeg")):
        data = path.read_bytes()
        native = pixels.read(data)
        ways = {
            "twin": (films / "kermany_224/train" / path.parent.name / path.name).read_bytes(),
            "jpeg": data,
            "png": png(native.pixels.astype(np.uint8)),
            "deep png": png(native.pixels * np.uint16(257)),
            "dicom": dicom(native.pixels),
            "dark on light dicom": dicom(4095 - native.pixels * 16, 12, PhotometricInterpretation="MONOCHROME1"),
        }
        for way, file in ways.items():
            found.setdefault(way, []).append(_tensor(file, card.input_side))
    return {way: card.calibrate(model.predict(np.stack(tensors)).logits) for way, tensors in found.items()}


def _tensor(data: bytes, side: int) -> np.ndarray:
    """As a worker sees it: through the stored rendition."""
    return preprocess.to_tensor(preprocess.load_rendition(pixels.model_rendition(pixels.read(data))), side)


@pytest.mark.parametrize("way", ["jpeg", "png", "deep png", "dicom", "dark on light dicom"])
def test_a_native_film_scores_as_its_twin(probabilities, way):
    difference = np.abs(probabilities[way] - probabilities["twin"])
    median, most = np.median(difference), np.percentile(difference, 95)
    print(f"{way}: median {median:.4f}, 95th percentile {most:.3f}")
    assert len(difference) == 60
    assert median <= 0.05
    assert most <= 0.10


@pytest.mark.parametrize("way", ["png", "deep png", "dicom", "dark on light dicom"])
def test_the_same_film_in_other_clothes_scores_the_same(probabilities, way):
    assert np.abs(probabilities[way] - probabilities["jpeg"]).max() <= 0.02


def test_real_dicom_files_are_read_or_refused_by_code(films):
    codes = {}
    for path in sorted((films / "dicom").glob("*.dcm")):
        try:
            codes[path.name] = pixels.read(path.read_bytes()).header.modality
        except pixels.Unreadable as refusal:
            codes[path.name] = refusal.code
    assert codes == {
        "chrJapMulti.dcm": "no_pixels",
        "chrJapMultiExplicitIR6.dcm": "no_pixels",
        "chrKoreanMulti.dcm": "no_pixels",
        "dx_dog_thorax_monochrome1.dcm": "DX",
        "nih_dx_chest_pa_adult.dcm": "DX",
    }
