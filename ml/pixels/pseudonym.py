"""Keyed pseudonyms: the same patient or film gets the same name under one key, and no other key's."""

import hashlib
import hmac

DIGITS = 20  # 80 bits: among ten million names two are the same with odds of one in ten billion
# An accession number has 16 characters at most (SH; PS3.5, 6.2): 64 bits, and odds of one in four hundred thousand.
FEWER = {"accession": 16}


def pseudonym(key: bytes, kind: str, value: str) -> str:
    """20 hexadecimal digits for a `kind` of thing ("patient") and its identity, 16 for an "accession".

    Case and outer blanks do not count.
    """
    return _digest(key, kind, value.strip().casefold()).hex()[: FEWER.get(kind, DIGITS)]


def uid(key: bytes, value: str) -> str:
    """A UID in place of another one: 2.25 and 128 bits, as PS3.5 B.2 has it."""
    return f"2.25.{int.from_bytes(_digest(key, 'uid', value)[:16])}"


def _digest(key: bytes, kind: str, value: str) -> bytes:
    return hmac.new(key, f"{kind}\0{value}".encode(), hashlib.sha256).digest()
