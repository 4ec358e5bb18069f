"""What the card says that no file can know: the JSON of --about, --name and --version."""

import argparse
import json
from pathlib import Path

from ml.card import is_age_range, is_name, is_version
from ml.data import DataError

OF_A_RUN = ("config", "training", "validation", "curves", "best", "draft")  # files that lie beside the card


def name(text: str) -> str:
    if not is_name(text) or text in OF_A_RUN:
        raise argparse.ArgumentTypeError(f"it has 1 to 64 letters, digits, - and _, and is not {', '.join(OF_A_RUN)}")
    return text


def version(text: str) -> str:
    if not is_version(text):
        raise argparse.ArgumentTypeError("it has 1 to 32 characters")
    return text


def read(path: Path | None, data: str) -> dict:
    """data, age_range, limits, credit; without a file the films are called `data`, and the rest is not known."""
    said = {"data": data, "age_range": None, "limits": [], "credit": ""}
    try:
        said = said | (json.loads(path.read_text(encoding="utf-8")) if path else {})
    except (OSError, ValueError, TypeError):
        raise DataError(f"{path} cannot be read as a JSON object.") from None
    _check(path, said)
    if said["age_range"] is None:
        print("The card has no age range, so that no patient counts as outside it; --about can give one.")
    return said


def _check(path: Path | None, said: dict) -> None:
    """Raise DataError for what no card could say."""
    known = {
        "data": isinstance(said["data"], str),
        "age_range": is_age_range(said["age_range"]),
        "limits": isinstance(said["limits"], list) and all(isinstance(limit, str) for limit in said["limits"]),
        "credit": isinstance(said["credit"], str),
    }
    if unknown := said.keys() - known.keys():
        raise DataError(f"{path} has the unknown {', '.join(sorted(unknown))}; known are {', '.join(known)}.")
    wrong = [key for key, right in known.items() if not right]
    if wrong:
        raise DataError(
            f"{path}: {' and '.join(wrong)} cannot be used. data and credit are texts, limits is a list of texts, and "
            "age_range is null or [years, years], the lower first."
        )
