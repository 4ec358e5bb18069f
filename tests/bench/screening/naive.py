"""The model in a Celery task, as tutorials show it: a task a film, `model.predict`, one row written."""

import os
from functools import cache
from pathlib import Path

import numpy as np
import psycopg2
from celery import Celery

from tests.bench.screening import CARD

TABLE = "CREATE TABLE naive_result (path text PRIMARY KEY, probability float8 NOT NULL)"
# Not the current one: FirstRead's own tasks, sent from the same process, keep to theirs.
app = Celery("naive", broker=os.environ.get("FIRSTREAD_REDIS_URL"), set_as_current=False)
app.conf.task_default_queue = "naive"
app.conf.task_ignore_result = True


@cache
def _loaded():
    """(card, model, connection) of this child, at its first task: TensorFlow does not survive a fork."""
    from ml import card as cards
    from ml import registry

    card = cards.load(os.environ[CARD])
    database = psycopg2.connect(os.environ["DATABASE_URL"])
    database.autocommit = True
    return card, registry.build(card), database


@app.task
def predict(name, path):
    from ml import preprocess

    card, model, database = _loaded()
    film = preprocess.to_tensor(preprocess.load_rendition(Path(path).read_bytes()), card.input_side)
    p = card.calibrate(float(model.predict(film[None].astype(np.float32), verbose=0)["logit"][0, 0]))
    with database.cursor() as cursor:
        cursor.execute("INSERT INTO naive_result VALUES (%s, %s)", [name, p])
