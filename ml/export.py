"""A model in the formats of others: written beside its place, checked, and only then put there.

What is written is the served model (see ml.outputs): film (n, side, side) float32 0..255 in, a dict with "logit" out.
A check loads the file again and holds its score of a phantom against ours.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from scipy.special import expit

from ml import canary, drafts, registry
from ml.card import Card
from ml.data import DataError

TOLERANCE = 1e-4  # of p, before and after
SUFFIX = {"keras": ".keras", "h5": ".h5", "onnx": ".onnx", "openvino": ".xml", "savedmodel": ""}
NEEDS = {"onnx": {"tf2onnx": "1.17.0", "onnx": "1.23.2"}}  # as tried; OpenVINO is a requirement


class ExportDiffers(DataError):
    """What was written does not score a phantom as the model does; it was removed."""


def export(card: Card, form: str, out: Path) -> dict:
    """Write the model to `out`; returns {"files", "difference" of p}. Raises DataError, and writes nothing.

    out: a file that ends in SUFFIX[form], or a folder that is not there yet for savedmodel.
    """
    _check_out(form, out)
    _check_installed(form)
    from ml import outputs  # noqa: F401, Keras with its backend chosen

    model = registry.build(card)
    film = canary.film(canary.SEED, card.input_side).astype(np.float32)
    ours = _p(model(film, training=False))
    with drafts.folder(out.parent, last=out.name) as folder:
        WRITE[form](model, folder / out.name)
        theirs = _p(READ[form](folder / out.name, film))
        difference = float(np.abs(theirs - ours).max())
        if not difference < TOLERANCE:
            raise ExportDiffers(
                f"The {form} file scores a phantom differently, |dp| {difference:.1e}, and was not kept: try another "
                "--format."
            )
        files = sorted(str(out.with_name(path.name)) for path in folder.iterdir())
    return {"files": files, "difference": difference}


def _check_out(form: str, out: Path) -> None:
    if SUFFIX[form] and out.suffix != SUFFIX[form]:
        raise DataError(f"{out} should end in {SUFFIX[form]} for the format {form}: give another --out.")
    if not out.resolve().parent.is_dir():
        raise DataError(f"{out} cannot be written: there is no folder {out.resolve().parent}. Make it first.")
    if out.is_dir():
        raise DataError(f"{out} is a folder that is there already: give another --out, or remove it.")


def _check_installed(form: str) -> None:
    missing = [f"{name}=={version}" for name, version in NEEDS.get(form, {}).items() if not find_spec(name)]
    if missing:
        raise DataError(f"The format {form} needs a package that is not here: pip install {' '.join(missing)}")


def _p(outputs: dict) -> np.ndarray:
    """(n,) p before calibration, of outputs by name; a format may have put something before or after the names."""
    named = {key: np.asarray(value) for name, value in outputs.items() for key in ("logit", "classes") if key in name}
    return expit(named["logit"][:, 0]) if "logit" in named else 1 - named["classes"][:, 0]


def _standard(model):
    """The same networks in Keras's own layers alone, since a legacy file can name no other operation.

    Its output is "logit", or with three classes "classes", of which p is 1 - P(normal); "distance" is left out.
    """
    import keras
    from keras import layers

    members = [layer for layer in model.layers if layer.name.startswith("member")]
    raws = [member(model.input)[1] for member in members]
    if raws[0].shape[-1] == 2:  # the second alone
        raws = [layers.Flatten()(layers.Cropping1D((1, 0))(layers.Reshape((2, 1))(raw))) for raw in raws]
    mean = raws[0] if len(raws) == 1 else layers.Average()(raws)
    return keras.Model(model.input, {"classes": layers.Softmax()(mean)} if mean.shape[-1] == 3 else {"logit": mean})


def _save(model, path: Path) -> None:
    model.save(path)


def _save_legacy(model, path: Path) -> None:
    from absl import logging

    level = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)  # Keras warns that the format is legacy: whoever asks for it knows
    try:
        _standard(model).save(path)
    finally:
        logging.set_verbosity(level)


def _export(form: str):
    return lambda model, path: model.export(str(path), format=form, verbose=False)


def _read_keras(path: Path, film: np.ndarray) -> dict:
    """Our own file, written a moment ago: the one place where a model file is loaded."""
    import keras

    return keras.models.load_model(path, compile=False, safe_mode=True)(film, training=False)


def _read_openvino(path: Path, film: np.ndarray) -> dict:
    """ONNX as well: OpenVINO reads both."""
    from ml.runtime import openvino

    compiled = openvino.ov.compile_model(openvino.ov.Core().read_model(path), "CPU", openvino.settings())
    found = compiled(film)
    return {output.get_any_name(): found[i] for i, output in enumerate(compiled.outputs)}


def _read_savedmodel(path: Path, film: np.ndarray) -> dict:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))  # named: without it the weights would be gone before the call
    return loaded.serve(film)


WRITE = {
    "keras": _save,
    "h5": _save_legacy,
    "onnx": _export("onnx"),
    "openvino": _export("openvino"),
    "savedmodel": _export("tf_saved_model"),
}
READ = {
    "keras": _read_keras,
    "h5": _read_keras,
    "onnx": _read_openvino,
    "openvino": _read_openvino,
    "savedmodel": _read_savedmodel,
}
