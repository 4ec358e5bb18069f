"""One film in other clothes, through the limited child and the model that ships, scores as its plain 8-bit self."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from ml import phantom, pixels, preprocess, registry
from screening import sandbox
from tests.ml.drawing import dicom, jpeg, png, ramp

pytestmark = pytest.mark.slow

NEAR = 0.02
LEAST_SURE = 2  # of the real films those are taken whose scores the least change would move
CODESTREAMS = Path(__file__).parent.parent / "ml" / "pixels" / "codestreams"
LOSSLESS = {
    "implicit little endian": ImplicitVRLittleEndian,
    "explicit big endian": ExplicitVRBigEndian,
    "deflated": DeflatedExplicitVRLittleEndian,
    "RLE": RLELossless,
    "JPEG-LS": JPEGLSLossless,
    "JPEG 2000": JPEG2000Lossless,
}
LOSSLESS_JPEG = {"JPEG lossless .57": "JPEGLosslessProcess14", "JPEG lossless .70": "JPEGLosslessProcess14_1"}


def turned(grey):
    """A JPEG that lies on its side and says so. At quality 95 the loss alone moves the least sure score by 0.03."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return jpeg(np.ascontiguousarray(np.rot90(grey)), exif=exif, quality=100)


def clear_beside(grey):
    """RGBA, with a white margin nobody sees: where alpha is 0, colours are meaningless."""
    rgba = np.dstack([grey, grey, grey, np.full_like(grey, 255)])
    black = grey == 0
    rgba[black] = (255, 255, 255, 0)
    return png(rgba)


def twins(grey):
    """{name: bytes} of an (h, w) uint8 film; 12-bit ones hold it times 16."""
    deep = grey.astype(np.uint16) * 16
    signed = (deep.astype(np.int32) - 2048).astype(np.int16)
    return {
        "8-bit DICOM": dicom(grey),
        "12-bit": dicom(deep, 12),
        "12-bit in a window": dicom(deep, 12, WindowCenter=2040, WindowWidth=4081),
        "12-bit with garbage above": dicom(deep | 0xA000, 12),
        "16-bit": dicom(deep * 16, 16),
        "inverted MONOCHROME1": dicom(4080 - deep, 12, PhotometricInterpretation="MONOCHROME1"),
        "inverse presentation LUT": dicom(4080 - deep, 12, PresentationLUTShape="INVERSE"),
        "signed with intercept": dicom(signed, 12, RescaleSlope=1, RescaleIntercept=2048),
        "signed MONOCHROME1": dicom((2032 - deep).astype(np.int16), 12, PhotometricInterpretation="MONOCHROME1"),
        "16-bit PNG": png(grey.astype(np.uint16) * 257),
        "EXIF-rotated JPEG": turned(grey),
        "RGBA PNG": clear_beside(grey),
        "grey and alpha PNG": png(Image.fromarray(grey).convert("LA")),
        "JPEG in DICOM": dicom(grey, 8, JPEGBaseline8Bit, PixelData=encapsulate([jpeg(grey, quality=100)])),
        **{name: dicom(deep, 12, syntax) for name, syntax in LOSSLESS.items()},
        **{f"signed {name}": dicom(signed, 12, syntax) for name, syntax in LOSSLESS.items()},
    }


def recoded(data, syntax, folder):
    """A DICOM file in a JPEG that pydicom does not encode; by GDCM."""
    import gdcm

    sent, packed = folder / "sent.dcm", folder / "packed.dcm"
    sent.write_bytes(data)
    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(sent))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, syntax)))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFileName(str(packed))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return packed.read_bytes()


@pytest.fixture(scope="module")
def score():
    """A function: the probabilities of files, each by way of the limited child's rendition."""
    from ml.runtime import auto

    card = registry.load_card("default")
    model = auto.load(card)

    def score(files):
        inputs = [preprocess.to_tensor(_rendition(data), card.input_side) for data in files]
        return card.calibrate(model.predict(np.stack(inputs)).logits)

    yield score
    sandbox.close()


def _rendition(data):
    with sandbox.decode(io.BytesIO(data)) as decoded:
        assert decoded.facts["flaw"] == ""
        return preprocess.load_rendition(decoded.model_input)


def worst(score, grey, folder):
    """{name: how far its score is from that of the plain PNG}."""
    ways = twins(grey)
    for name, syntax in LOSSLESS_JPEG.items():
        for kind in ("12-bit", "8-bit DICOM", "signed with intercept"):
            ways[f"{kind} {name}"] = recoded(ways[kind], syntax, folder)
    plain, *others = score([png(grey), *ways.values()])
    return dict(zip(ways, np.abs(np.array(others) - plain), strict=True))


@pytest.mark.parametrize("opacity", [True, False])
def test_a_phantom_in_other_clothes_scores_as_its_plain_self(score, tmp_path, opacity):
    found = worst(score, phantom.draw(3, opacity), tmp_path)
    assert {name: gap for name, gap in found.items() if gap > NEAR} == {}


def test_a_film_in_other_clothes_scores_as_its_plain_self(score, films, tmp_path):
    natives = [pixels.read(path.read_bytes()).pixels.astype(np.uint8) for path in (films / "originals").rglob("*.jpeg")]
    plain = score([png(grey) for grey in natives])
    for place in np.argsort(np.abs(plain - 0.5))[:LEAST_SURE]:
        found = worst(score, natives[place], tmp_path)
        print(f"plain {plain[place]:.3f}, farthest", max(found.items(), key=lambda item: item[1]))
        assert {name: gap for name, gap in found.items() if gap > NEAR} == {}


def test_a_high_throughput_jpeg_2000_scores_as_its_plain_self(score):
    data = encapsulate([(CODESTREAMS / "ramp12.htj2k").read_bytes()])
    plain, twin = score([png(ramp().astype(np.uint8)), dicom(ramp(), 12, HTJ2KLossless, PixelData=data)])
    assert abs(plain - twin) <= NEAR
