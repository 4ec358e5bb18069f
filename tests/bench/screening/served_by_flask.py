"""The model behind a web page, as tutorials show it: a film comes in, `model.predict`, its score goes out.

Films are read as FirstRead reads them, so that both say the same of them.
"""

import os

import flask
import numpy as np

from ml import card as cards
from ml import pixels, preprocess, registry
from tests.bench.screening import CARD

app = flask.Flask(__name__)
card = cards.load(os.environ[CARD])
model = registry.build(card)


@app.post("/predict")
def predict():
    grey = pixels.model_grey(pixels.read(flask.request.get_data()))
    film = preprocess.to_tensor(grey, card.input_side)[None].astype(np.float32)
    return {"probability": card.calibrate(float(model.predict(film, verbose=0)["logit"][0, 0]))}


@app.get("/")
def ready():
    return {}
