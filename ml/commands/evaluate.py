"""python -m ml evaluate"""

import argparse
from pathlib import Path

from ml.commands.output import print_figures, write
from ml.registry import load_card


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="default", help="a shipped model's name, or a path to a card")
    parser.add_argument("--json", type=Path, help="write the result here")


def run(options: argparse.Namespace) -> None:
    from ml.evaluate import evaluate

    card = load_card(options.model)
    found = evaluate(card, options.data)
    write(options.json, found)
    print_figures(found, f"{found['model']} on {options.data}")
