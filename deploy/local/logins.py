"""The logins drawn at the first start, in a file that its owner alone can read.

`{"portal": [{"user": str, "password": str, "role": str}, ...], "flower": {"user": str, "password": str}}`
"""

import json
import os
import secrets
from pathlib import Path


def read(var: Path) -> dict:
    """What is known so far; empty before the first start."""
    file = var / "logins.json"
    return json.loads(file.read_text()) if file.exists() else {}


def write(var: Path, **changed) -> dict:
    """Adds or replaces entries, leaves the others alone, and gives all of them."""
    known = read(var) | changed
    fresh = var / "logins.json.new"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(known, out, indent=1)
    fresh.replace(var / "logins.json")
    return known


def flower(var: Path) -> str:
    """Flower's `user:password`, drawn once; it travels in the environment, never among arguments."""
    known = read(var).get("flower") or write(var, flower=drawn("flower"))["flower"]
    return f"{known['user']}:{known['password']}"


def drawn(user: str) -> dict[str, str]:
    return {"user": user, "password": secrets.token_urlsafe(12)}
