"""Who works while everything breaks: people who send films, and readers. Each does one thing after the other."""

import hashlib
import random
import threading
import time

import requests

from tests.intake import films

# Longer than any pause of the portal that is worth waiting out; what was not answered by then is not known.
PATIENCE_S = (3, 20)
FINDINGS = ("present", "absent", "indeterminate", "inadequate")
ARCHIVE_EVERY, PACKED = 8, 4
# Longer than a claim lives: CLAIM_MINUTES=1.
TOO_LATE_S = 62


class Client(threading.Thread):
    """Acts until `over` is set, and ends the operation it is at then."""

    def __init__(self, name, address, token, history, seed, over):
        super().__init__(name=name, daemon=True)
        self.address, self.history, self.over = address, history, over
        self.headers = {"Authorization": f"Token {token}"}
        self.random = random.Random(f"{seed} {name}")

    def run(self):
        while not self.over.is_set():
            self.act()

    def ask(self, path, headers=None, **body):
        """("ok", "refused" or "unknown", the portal's answer or None)."""
        try:
            answer = requests.post(
                f"{self.address}/api/v1/{path}", headers=self.headers | (headers or {}), timeout=PATIENCE_S, **body
            )
        except requests.RequestException:
            return "unknown", None
        return "ok" if answer.ok else "refused" if answer.status_code < 500 else "unknown", answer

    def note(self, what, began, said, answer, **more):
        status = None if answer is None else answer.status_code
        self.history.note(what, self.name, began, said, status=status, **more)


class Sender(Client):
    """Sends film after film, every eighth time a ZIP of four, each until it is answered, under a key of its own."""

    sent = 0

    def __init__(self, *who, first):
        super().__init__(*who)
        self.next_film = first

    def act(self):
        self.sent += 1
        packed = PACKED if self.sent % ARCHIVE_EVERY == 0 else 1
        pictures = [films.jpeg(self.next_film + number) for number in range(packed)]
        self.next_film += packed
        name = f"{self.sent}.jpg" if packed == 1 else f"{self.sent}.zip"
        data = pictures[0] if packed == 1 else films.archive({f"{i}.jpg": each for i, each in enumerate(pictures)})
        hashes = [hashlib.sha256(each).hexdigest() for each in pictures]
        for _ in range(60):
            if self._send(name, data, hashes) != "unknown":
                break
            time.sleep(1)
        self.over.wait(self.random.uniform(0.2, 1.5))

    def _send(self, name, data, hashes):
        began = time.time()
        key = {"Idempotency-Key": f"{self.name}-{self.sent}"}
        said, answer = self.ask("uploads", key, files={"file": (name, data)}, data={"site": "home"})
        self.note("upload", began, said, answer, sha256=hashes)
        return said


class Reader(Client):
    """Takes the next study, and signs it, gives it back, forgets it, or signs it too late."""

    signed = 0

    def act(self):
        began = time.time()
        said, answer = self.ask("worklist/next")
        if answer is None or answer.status_code != 200:
            self.note("claim", began, said, answer, study=None)
            self.over.wait(1)
            return
        study = answer.json()
        self.note("claim", began, said, answer, study=study["id"], until=study["claimed_until"])
        self._end(study, self.random.random())

    def _end(self, study, chance):
        if chance < 0.03:
            self.over.wait(TOO_LATE_S)
        self.over.wait(self.random.uniform(0.3, 3))
        if chance < 0.75:
            self._sign(study)
        elif chance < 0.9:
            self._told("release", study, f"studies/{study['id']}/release")

    def _sign(self, study):
        self.signed += 1
        said = {"finding": self.random.choice(FINDINGS), "comment": f"{self.name} {self.signed}"}
        for _ in range(3):
            if self._told("sign", study, f"studies/{study['id']}/sign", {"version": study["version"]}, **said):
                return
            time.sleep(1)

    def _told(self, what, study, path, more=None, **said):
        """Whether there was an answer."""
        began = time.time()
        became, answer = self.ask(path, json={**said, **(more or {})})
        self.note(what, began, became, answer, study=study["id"], **said)
        return became != "unknown"
