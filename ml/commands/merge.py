"""python -m ml merge"""

import argparse
from pathlib import Path

from ml.commands import about
from ml.commands.output import print_figures


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="folders that train wrote, on one split")
    parser.add_argument("--out", type=Path, required=True, help="folder that gets NAME.json, weights and report")
    parser.add_argument("--about", type=Path, help="JSON for the card: data, age_range, limits, credit")
    parser.add_argument("--name", type=about.name, default="default", help="of the model, for its card")
    parser.add_argument("--version", type=about.version, default="1.0.0", help="of the model, for its card")


def run(options: argparse.Namespace) -> None:
    from ml.release import release
    from ml.train import read_config

    said = about.read(options.about, Path(read_config(options.runs[0]).data).name)
    card = release(options.runs, options.out, options.name, options.version, said)
    print_figures(card.figures, f"{card.name} {card.version} on its validation patients")
    print(f"card: {card.path}")
