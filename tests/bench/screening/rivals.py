"""The two usual ways to serve a model, started beside FirstRead: a Flask page, and a Celery task a film."""

import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import requests

from tests.bench.screening import CARD, naive
from tests.deploy.conftest import free_port
from tests.installation import CELERY

START_S = 600
CLIENTS = 8


def started(installation, card, paths):
    """(address of the page, function of paths that gives the seconds of their tasks), warm from `paths`."""
    where = {**installation.environment, CARD: str(card.weights_path.with_name(f"{card.name}.json"))}
    where.pop("DJANGO_SETTINGS_MODULE")  # neither is Django's
    installation.environment, before = where, installation.environment
    port = free_port()
    # One process with as many threads as there are clients: a second process would be a second model.
    server = ["gunicorn", "tests.bench.screening.served_by_flask:app", "--bind", f"127.0.0.1:{port}"]
    server += ["--worker-class", "gthread", "--threads", str(CLIENTS), "--timeout", "120", "--no-control-socket"]
    installation.run([sys.executable, "-m", *server], "flask")
    # As many children as there are cores, which is Celery's default.
    worker = ["-A", "tests.bench.screening.naive", "worker", "--queues", "naive", "--hostname", "naive@test"]
    installation.run([*CELERY[:3], *worker], "naive")
    installation.environment = before
    page = f"http://127.0.0.1:{port}"
    _await(page)
    asked(page, [path.read_bytes() for path in paths], CLIENTS)
    tasks = _tasks(installation.environment["DATABASE_URL"])
    tasks(paths)
    return page, tasks


def _await(page):
    ends = time.monotonic() + START_S
    while time.monotonic() < ends:
        try:
            if requests.get(page, timeout=START_S).ok:
                return
        except requests.RequestException:
            time.sleep(0.2)
    raise SystemExit("The Flask page did not start.")


def asked(page, films, clients) -> float:
    """Seconds until the page has answered every film, of so many clients that each wait for their answer."""
    with ThreadPoolExecutor(clients) as pool, requests.Session() as session:
        session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=clients))
        began = time.monotonic()
        for answer in pool.map(lambda film: session.post(f"{page}/predict", data=film), films):
            answer.raise_for_status()
    return time.monotonic() - began


def _tasks(database_url):
    database = psycopg2.connect(database_url)
    database.autocommit = True
    cursor = database.cursor()
    cursor.execute(naive.TABLE)

    def seconds(paths):
        cursor.execute("TRUNCATE naive_result")
        began = time.monotonic()
        for path in paths:
            naive.predict.delay(uuid.uuid4().hex, str(path))
        while True:
            cursor.execute("SELECT count(*) FROM naive_result")
            if cursor.fetchone()[0] == len(paths):
                return time.monotonic() - began
            assert time.monotonic() - began < START_S, "not all tasks have ended"
            time.sleep(0.02)

    return seconds
