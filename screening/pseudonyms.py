"""Keyed pseudonyms: the same film, study or patient gets the same name as long as the key is kept, and no other key's.

Without the key nobody can go back from a name, nor try patient IDs until one fits. The key stays on the server.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

KEY_B = 32
DIGITS = 20  # 80 bits: among ten million films two names are the same with odds of one in ten billion


class BadKey(Exception):
    """The key file cannot be used; the message says what to do."""


class Pseudonyms:
    """Names under one key (bytes)."""

    def __init__(self, key: bytes):
        self.key = key

    def of(self, kind: str, value) -> str:
        """20 hexadecimal digits for a `kind` of thing ("patient") and its identity (text, or what has a text)."""
        return hmac.new(self.key, f"{kind}\0{value}".encode(), hashlib.sha256).hexdigest()[:DIGITS]

    def of_patient(self, patient_id: str) -> str:
        """One name for a patient ID, however it is written and wherever it comes from.

        The site is not part of it: a patient under one number at two sites must not fall on both sides of a split,
        and two patients who share a number by chance then merely stay together.
        """
        return self.of("patient", patient_id.strip().casefold())

    @property
    def fingerprint(self) -> str:
        """Tells keys apart without giving one away."""
        return self.of("key", "fingerprint")


def kept(path: Path) -> Pseudonyms:
    """The pseudonyms of the key in `path`, which is drawn there, for its owner alone, where there is none yet.

    Raises BadKey.
    """
    try:
        return Pseudonyms(_read(path) if path.exists() else _draw(path))
    except OSError as error:
        raise BadKey(f"The key file {path} cannot be used ({error.strerror}); give another --key-file.") from None


def _draw(path):
    """A new key, whole in `path` or not there; where somebody drew one at the same moment, that one."""
    key = secrets.token_bytes(KEY_B)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.draft")
    try:
        draft.touch(mode=0o600, exist_ok=False)
        draft.write_text(key.hex() + "\n")
        os.link(draft, path)
    except FileExistsError:
        return _read(path)
    finally:
        draft.unlink(missing_ok=True)
    return key


def _read(path):
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_B:
        raise BadKey(f"{path} holds no key of ours; give another --key-file, and a new one is drawn.")
    return key
