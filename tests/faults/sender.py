"""A technologist who sends films over HTTP to the installation's portal, and remembers what was said to each."""

import contextlib
import hashlib
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import requests
from django.test import Client
from knox.models import AuthToken

from screening.models import Batch
from tests.intake import films

PATIENCE_S = 60
AT_ONCE = 4  # as the upload page has it


@dataclass
class Sender:
    """Films are drawn by their numbers, each sent under a key of its own; `said`: [(number, status, seconds)], the
    status 0 where the connection broke. `bodies`: the last answer to each number."""

    url: str
    headers: dict
    said: list = field(default_factory=list)
    bodies: dict = field(default_factory=dict)

    def send(self, number):
        """The status of one try."""
        began, status = time.monotonic(), 0
        head = self.headers | {"Idempotency-Key": f"film-{number}"}
        sent = {"file": (f"{number}.jpg", films.jpeg(number))}
        try:
            answer = requests.post(self.url, headers=head, files=sent, timeout=PATIENCE_S)
            status, self.bodies[number] = answer.status_code, answer.text
        except requests.RequestException as broken:
            self.bodies[number] = str(broken)
        self.said.append((number, status, time.monotonic() - began))
        return status

    def send_until_taken(self, number, within_s=60):
        """Send it again, under its key, until the answer is a 2xx."""
        ends = time.monotonic() + within_s
        while not 200 <= (status := self.send(number)) < 300:
            assert time.monotonic() < ends, f"film {number} was not taken within {within_s} s: {status}"
            time.sleep(0.2)

    def send_all(self, numbers, send=None):
        """Some at once; what `send` (or this one's) gave for each."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            return list(threads.map(send or self.send, numbers))

    def statuses(self):
        return {status for _, status, _ in self.said}

    def acknowledged(self):
        """The SHA-256 of every film that a 2xx was said of."""
        taken = {number for number, status, _ in self.said if 200 <= status < 300}
        return [sha256(number) for number in sorted(taken)]

    def p95(self, of):
        """Seconds within which 95 % of the answers to the films of these numbers came."""
        return statistics.quantiles([seconds for number, _, seconds in self.said if number in of], n=20)[-1]


def sha256(number):
    return hashlib.sha256(films.jpeg(number)).hexdigest()


def send_archive(sender, packed, key, within_s=120):
    """Send an archive, and again under its key until it is taken."""
    head, ends = sender.headers | {"Idempotency-Key": key}, time.monotonic() + within_s
    while True:
        with contextlib.suppress(requests.RequestException):
            sent = {"file": ("cd.zip", packed)}
            if requests.post(sender.url, headers=head, files=sent, timeout=PATIENCE_S).ok:
                return
        assert time.monotonic() < ends, "the archive was not taken"
        time.sleep(0.2)


def of(installation, factories, site=None):
    """A Sender into a new batch; there is an active model."""
    factories.active_model()
    person = factories.technologist(site or factories.site("ward"))
    batch = Batch.objects.create(site=person.sites.get(), uploaded_by=person, source=Batch.Source.API)
    token = AuthToken.objects.create(person)[1]
    url = f"{installation.address}/api/v1/batches/{batch.pk}/files"
    return Sender(url, {"Authorization": f"Token {token}"})


def browser(installation, person):
    """A function that gives the answer to a person's browser that asks for a path of the portal."""
    client = Client()
    client.force_login(person)
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    options = {"cookies": cookies, "timeout": PATIENCE_S, "allow_redirects": False}
    return lambda path: requests.get(f"{installation.address}{path}", **options)
