"""python -m ml gate"""

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ml.commands.output import STDOUT, require_folder_of, write


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, metavar="RUN_OR_CARD", help="folder of a finished training, card, or name")
    for name in ("precision", "recall", "accuracy"):
        parser.add_argument(f"--{name}", type=_share, help="the least that passes (if not the recipe's)")
    parser.add_argument("--recipe", help="whose limits hold (if not those of the card's architecture)")
    parser.add_argument("--threshold", type=_share, help="on the calibrated score; if not the shipped operating point")
    parser.add_argument("--json", type=Path, help="write the result here; - is standard output, without the table")


def _share(text: str) -> float:
    if not 0 <= (number := float(text)) <= 1:
        raise argparse.ArgumentTypeError("it must lie between 0 and 1")
    return number


def run(options: argparse.Namespace) -> int:
    from ml import gate

    require_folder_of(options.json)
    card = gate.find_card(options.model)
    given = {name: getattr(options, name) for name in ("precision", "recall", "accuracy")}
    found = gate.judge(card, gate.limits(card, options.recipe, given), options.threshold)
    write(options.json, found)
    if options.json != STDOUT:
        _print(found)
    return int(not found["passed"])


def _print(found: dict) -> None:
    point = "the shipped operating point" if found["shipped_threshold"] else "as given"
    title = f"{found['model']} from p = {found['threshold']:.4f} up ({point})"
    table = Table("figure", "value", "95 % interval", "must be", "", title=title)
    for row in found["figures"]:
        least = f"{'above' if row['strict'] else 'at least'} {row['limit']:g}"
        value = "none" if row["value"] is None else f"{row['value']:.4f}"
        interval = "{:.4f} to {:.4f}".format(*row["interval"])
        table.add_row(row["name"], value, interval, least, "passes" if row["passed"] else "fails")
    Console().print(table)
    split = found["split"]
    print(f"On {split['films']} films of {split['patients']} patients held out of the training, split by patient.")
    if found["shipped_threshold"]:
        print("The operating point was chosen on these same films.")
    print("The value itself is held against the limit; the interval says how far other patients could move it.")
    print("PASSED" if found["passed"] else "FAILED")
