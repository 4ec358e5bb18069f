"""What commands share: writing JSON, and the table of figures."""

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ml.data import DataError

RATES = ("auc", "accuracy", "sensitivity", "specificity", "precision")


def write(path: Path | None, content) -> None:
    if path:
        try:
            path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise DataError(f"{path} cannot be written: {error.strerror}.") from None


def print_figures(found: dict, title: str) -> None:
    table = Table("figure", "value", "95 % interval", title=title)
    for name in (*RATES, "brier", "ece"):
        interval = found["intervals"].get(name)
        table.add_row(name, f"{found[name]:.3f}", "{:.3f} to {:.3f}".format(*interval) if interval else "")
    Console().print(table)
    print(f"{found['films']} films of {found['patients']} patients; rates at the shipped operating point.")
