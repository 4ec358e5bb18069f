"""python -m ml predict"""

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ml.card import Card
from ml.commands.options import add_model
from ml.commands.output import STDOUT, require_folder_of, write
from ml.registry import load_card
from ml.wording import RESEARCH_USE


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    add_model(parser)
    parser.add_argument("--json", type=Path, help="write the result here; - is standard output, without the table")


def run(options: argparse.Namespace) -> int:
    from ml.predict import predict

    require_folder_of(options.json)
    card = load_card(options.model)
    rows = predict(card, options.files)
    write(options.json, rows)
    if options.json != STDOUT:
        _print_predictions(rows, card)
    return int(any(row["outcome"] != "scored" for row in rows))


def _print_predictions(rows: list[dict], card: Card) -> None:
    three = any("research_only" in row for row in rows)
    table = Table(title=f"{card.name} {card.version}, p at a prevalence of 20 %")
    for name in ("file", "score", "band", "why", *(["bacterial, viral (research only)"] if three else [])):
        table.add_column(name, overflow="fold")  # a narrow terminal breaks a path and leaves nothing out
    for row in rows:
        table.add_row(*(_cells(row, card) if row["outcome"] == "scored" else [row["file"], "", "", row["sentence"]]))
    Console().print(table)
    print(RESEARCH_USE)


def _cells(row: dict, card: Card) -> list[str]:
    why = []
    if row["outside_age"]:
        why.append("not of an age that the model knows ({} to {} years)".format(*card.age_range))
    if row["outside_domain"]:
        why.append("outside the model's domain: unlike the films it knows")
    found = [row["file"], str(round(100 * row["probability"])), row["band"].replace("_", " "), "; ".join(why)]
    if both := row.get("research_only"):
        found.append(f"{both['bacterial']:.2f}, {both['viral']:.2f}")
    return found
