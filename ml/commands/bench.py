"""python -m ml bench"""

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ml.commands.options import add_model
from ml.commands.output import require_folder_of, write
from ml.registry import load_card


def add(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument("--json", type=Path, help="write the result here")


def run(options: argparse.Namespace) -> None:
    from ml.bench import bench

    require_folder_of(options.json)
    card = load_card(options.model)
    rows = bench(card)
    write(options.json, rows)
    title = f"{card.name} {card.version} at {card.input_side} px, ms a film (medians, interleaved)"
    table = Table("runtime", "films at once", "model", "MobileNetV2", "ratio", title=title)
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console().print(table)
