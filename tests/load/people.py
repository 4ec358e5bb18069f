"""People at the portal over real HTTP, in sessions as browsers hold them; every answer is noted with its time."""

import time
from typing import NamedTuple

import requests
from django.conf import settings
from django.test import Client
from django.utils.crypto import get_random_string

PATIENCE_S = 60


class Answer(NamedTuple):
    """What was asked for, when it was due (by the monotonic clock), seconds until its answer, and the answer's status:
    0 where the connection broke."""

    what: str
    due: float
    seconds: float
    status: int


class Visitor:
    """One person's session; `said` is the list that takes an Answer of each request."""

    def __init__(self, address: str, person, said: list):
        client = Client()
        client.force_login(person)
        self.person, self.said, self._address = person, said, address
        self._session = requests.Session()
        self._session.cookies.update({name: morsel.value for name, morsel in client.cookies.items()})
        token = get_random_string(32)
        self._session.cookies[settings.CSRF_COOKIE_NAME] = token
        # gunicorn ends a connection that waits for two seconds, about as long as these people think.
        self._session.headers.update({"X-CSRFToken": token, "Connection": "close"})

    def ask(self, what, method, path, due=None, **body):
        """The answer, or None where the connection broke; `due`: when it should have been asked, else now."""
        due = due or time.monotonic()
        try:
            options = {"timeout": PATIENCE_S, "allow_redirects": False}
            answer = self._session.request(method, f"{self._address}{path}", **options, **body)
        except requests.RequestException:
            answer = None
        self.said.append(Answer(what, due, time.monotonic() - due, 0 if answer is None else answer.status_code))
        return answer

    # Who reads.

    def take(self):
        """The study that "Next study" gives, as the API shows it; None where none waits, or there was no answer."""
        answer = self.ask("claim", "POST", "/api/v1/worklist/next")
        return answer.json() if answer is not None and answer.status_code == 200 else None

    def look(self, study):
        for image in study["images"]:
            self.ask("picture", "GET", f"/images/{image['id']}/viewing")

    def sign(self, study, finding="absent"):
        """Whether it was signed."""
        said = {"finding": finding, "version": study["version"]}
        answer = self.ask("sign", "POST", f"/api/v1/studies/{study['id']}/sign", json=said)
        return answer is not None and answer.status_code == 201

    def release(self, study):
        self.ask("release", "POST", f"/api/v1/studies/{study['id']}/release")

    # Who sends.

    def begin(self, site):
        """The id of a new batch. Raises AssertionError."""
        answer = self.ask("batch", "POST", "/api/v1/batches", json={"site": site})
        assert answer is not None and answer.status_code == 201, answer
        return answer.json()["id"]

    def send(self, batch, name, data, due=None):
        """The status of the answer to one film or ZIP."""
        path = f"/api/v1/batches/{batch}/files?list=true"
        self.ask("upload", "POST", path, due, files={"file": (name, data)})
        return self.said[-1].status
