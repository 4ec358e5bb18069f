"""python -m ml predict"""

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ml.card import Card
from ml.commands.output import write
from ml.registry import load_card


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--model", default="default", help="a shipped model's name, or a path to a card")
    parser.add_argument("--json", type=Path, help="write the result here")


def run(options: argparse.Namespace) -> int:
    from ml.predict import predict

    card = load_card(options.model)
    rows = predict(card, options.files)
    write(options.json, rows)
    _print_predictions(rows, card)
    return int(any(row["outcome"] != "scored" for row in rows))


def _print_predictions(rows: list[dict], card: Card) -> None:
    table = Table("file", "score", "band", title=f"{card.name} {card.version}, p at a prevalence of 20 %")
    for row in rows:
        score = str(round(100 * row["probability"])) if row["outcome"] == "scored" else ""
        table.add_row(row["file"], score, row.get("band", row.get("sentence")))
    Console().print(table)
    print(
        "Research use only. A prioritisation aid: it does not diagnose or rule out pneumonia; every study must be read."
    )
