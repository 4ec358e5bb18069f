"""Screening as one would write it first: a task a film, sent by the view, whose result the task stores; acks_late.

What FirstRead is compared with when workers and broker are killed. The table `naive_result` holds a row a result.
"""

import os
import time

import psycopg2
from celery import Celery

TABLE = "CREATE TABLE naive_result (film int, at timestamptz DEFAULT now())"
PAUSE_S = float(os.environ.get("FIRSTREAD_STUB_S", "0"))
POISON = os.environ.get("FIRSTREAD_NAIVE_POISON", "")

# Not the current app: `shared_task` of FirstRead, imported into the same process of tests, would ring with it.
app = Celery("naive", broker=os.environ.get("FIRSTREAD_REDIS_URL"), set_as_current=False)
app.conf.task_acks_late = True
app.conf.task_ignore_result = True
app.conf.task_default_queue = "naive"


def poisonous(film):
    return film % 16 == 5


@app.task
def screen(film):
    """What the model would do takes PAUSE_S; a film that is poison ends the process, as a fault in C does."""
    if POISON and poisonous(film):
        os.abort()
    time.sleep(PAUSE_S)
    with psycopg2.connect(os.environ["DATABASE_URL"]) as ledger, ledger.cursor() as cursor:
        cursor.execute("INSERT INTO naive_result (film) VALUES (%s)", [film])
