"""What commands share: writing JSON, and the table of figures."""

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ml.data import DataError

RATES = ("auc", "pr_auc", "accuracy", "sensitivity", "specificity", "precision")
STDOUT = Path("-")


def write(path: Path | None, content) -> None:
    """`content` as JSON, whole or not at all; the path - is standard output."""
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    if path == STDOUT:
        sys.stdout.write(text)
    elif path:
        write_text(path, text)


def write_text(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.draft")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise DataError(f"{path} cannot be written: {error.strerror}.") from None


def require_folder_of(path: Path | None) -> None:
    """Raise DataError for a result that could not be written, before the work that it is the result of."""
    if not path or path == STDOUT:
        return
    if path.is_dir():
        raise DataError(f"{path} is a folder: give the name of a file in it.")
    if not path.resolve().parent.is_dir():
        raise DataError(f"{path} cannot be written: there is no folder {path.resolve().parent}. Make it first.")


def with_interval(rate: dict | None, between: str = " ") -> str:
    """0.953 (0.941 to 0.962)"""
    if rate is None or rate["value"] is None:
        return "none"
    return f"{rate['value']:.3f}{between}" + "({:.3f} to {:.3f})".format(*rate["interval"])


def print_figures(found: dict, title: str) -> None:
    """Figures as `metrics.figures` gives them; what an older card lacks is left out."""
    table = Table("figure", "value", "95 % interval", title=title)
    for name in (*RATES, "brier", "ece"):
        if name in found:
            interval = found["intervals"].get(name)
            table.add_row(name, f"{found[name]:.3f}", "{:.3f} to {:.3f}".format(*interval) if interval else "")
    Console().print(table)
    print(f"{found['films']} films of {found['patients']} patients; rates at the shipped operating point.")


def print_left_out(found: dict) -> None:
    """What must be said of the films: found["unreadable"], a sentence each, and found["note"]."""
    if found["unreadable"]:
        print(f"{len(found['unreadable'])} films could not be read and are left out, {found['unreadable'][0]}")
    if found["note"]:
        print(found["note"])
