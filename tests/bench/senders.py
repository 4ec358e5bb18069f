"""The two ways in, as fast as their sender can: the upload page's requests, four in flight, and a ZIP."""

import http.client
import io
import json
import queue
import threading
import time
import uuid
import zipfile
from urllib.parse import urlsplit

import psycopg2

IN_FLIGHT = 4  # as the upload page has it
POLL_S = 0.05
# Asked in the database: a look by the API costs the portal some milliseconds, which the films would miss.
COUNT = "SELECT count(*) FROM screening_receipt WHERE batch_id = %s AND outcome = 'accepted'"
BOUNDARY = "firstread-bench"
HEAD = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="name"\r\n\r\n{{name}}\r\n'
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="film"\r\n'
    "Content-Type: application/octet-stream\r\n\r\n"
)
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()


class Portal:
    """Who sends: `address` is http://host:port, `token` a technologist's, `database` the installation's (a URL)."""

    def __init__(self, address: str, token: str, database: str):
        self._where, self._token, self._mine = urlsplit(address).netloc, token, threading.local()
        self._database = psycopg2.connect(database)
        self._database.autocommit = True

    def ask(self, method, path, body=None, **headers):
        """(status, JSON), over a connection that this thread keeps."""
        if not hasattr(self._mine, "connection"):
            self._mine.connection = http.client.HTTPConnection(self._where)
        headers = {"Authorization": f"Token {self._token}"} | {name.replace("_", "-"): v for name, v in headers.items()}
        self._mine.connection.request(method, f"/api/v1{path}", body, headers)
        answer = self._mine.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def send(self, batch, name, data):
        body = HEAD.format(name=name).encode() + data + TAIL
        about = {"Content_Type": f"multipart/form-data; boundary={BOUNDARY}", "Idempotency_Key": uuid.uuid4().hex}
        return self.ask("POST", f"/batches/{batch}/files?list=true", body, **about)

    def begin(self, site):
        self.rest()
        status, batch = self.ask("POST", "/batches", json.dumps({"site": site}), Content_Type="application/json")
        assert status == 201, batch
        return batch["id"]

    def rest(self):
        """Let go of this thread's connection: gunicorn closes one that waits for two seconds."""
        if hasattr(self._mine, "connection"):
            self._mine.connection.close()

    def accepted(self, batch) -> int:
        with self._database.cursor() as cursor:
            cursor.execute(COUNT, [batch])
            return cursor.fetchone()[0]


def by_page(portal: Portal, site: str, films: dict[str, bytes]) -> float:
    """Seconds to the last receipt of the films, sent one a request."""
    batch, waiting, refused = portal.begin(site), queue.SimpleQueue(), []
    for each in films.items():
        waiting.put(each)
    threads = [threading.Thread(target=_send, args=(portal, batch, waiting, refused)) for _ in range(IN_FLIGHT)]
    began = time.monotonic()
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    seconds = time.monotonic() - began
    assert not refused, refused[:3]
    return seconds


def _send(portal, batch, waiting, refused):
    while True:
        try:
            name, data = waiting.get_nowait()
        except queue.Empty:
            return
        status, answer = portal.send(batch, name, data)
        if status != 201:
            refused.append((name, status, answer))


def by_zip(portal: Portal, site: str, films: dict[str, bytes], longest_s: float = 3600) -> float:
    """Seconds from the sending of a ZIP of the films to its last receipt."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, data in films.items():
            archive.writestr(name, data)
    batch, began = portal.begin(site), time.monotonic()
    status, answer = portal.send(batch, "films.zip", packed.getvalue())
    assert status in (200, 202), answer
    while (found := portal.accepted(batch)) < len(films):
        assert time.monotonic() - began < longest_s, f"{found} of {len(films)} films"
        time.sleep(POLL_S)
    return time.monotonic() - began
