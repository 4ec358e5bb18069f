"""Finished runs without a training: networks of chance whose last layer is fitted, on films drawn for them."""

import json
from dataclasses import asdict

import numpy as np

from ml import phantom
from tests.ml.drawing import jpeg

SICK, OTHERS = 240, 60


def films(folder):
    """Class folders of phantoms, small ones; half of the patients suffice to show a sensitivity."""
    for name, opacity, count in (("NORMAL", False, OTHERS), ("PNEUMONIA", True, SICK)):
        (folder / name).mkdir(parents=True)
        for seed in range(count):
            film = phantom.draw(seed + 1000 * opacity, opacity, size=(130, 150))
            (folder / name / f"{'IM-' if not opacity else 'person'}{seed:04}.jpeg").write_bytes(jpeg(film))
    return folder


def finished(out, data, architecture="cnn156", **changes):
    """A run folder as training leaves it; the networks tell the phantoms' classes apart, not quite."""
    import keras
    from sklearn.linear_model import LogisticRegression

    from ml import architectures, outputs, train

    usual = {"architecture": architecture, "data": str(data), "side": 64, "epochs": 1, "batch": 8, "validation": 0.5}
    config = train.Config(**(usual | changes))
    out.mkdir()
    (out / "config.json").write_text(json.dumps(asdict(config)))
    (out / "curves.json").write_text('[{"epoch": 1, "loss": 0.5, "accuracy": 0.8, "val_loss": 0.4, "val_auc": 0.9}]')
    training, validation = train.samples(config)
    tensors, training = train.rendered(out / "training", training, config.side)
    train.rendered(out / "validation", validation, config.side)
    keras.utils.set_random_seed(config.member)
    model = architectures.get(architecture).build(config.side, classes=config.classes)
    read = keras.Model(model.input, model.get_layer("features").output)
    looks, labels = outputs.predicted(read, tensors), np.array([sample.label for sample in training])
    middle, spread = looks.mean(axis=0), looks.std(axis=0) + 1e-6
    fitted = LogisticRegression(C=0.01, max_iter=300).fit((looks - middle) / spread, labels)
    kernel = fitted.coef_[0] / spread
    model.get_layer("logit").set_weights([kernel[:, None], fitted.intercept_ - middle @ kernel])
    model.save_weights(out / "best.weights.h5")
    return out
