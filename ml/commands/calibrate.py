"""python -m ml calibrate"""

import argparse
from pathlib import Path

from ml.commands import about
from ml.commands.options import add_model, add_patient_pattern
from ml.commands.output import print_figures
from ml.registry import load_card


def add(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument("--data", type=Path, required=True, help="local films: class folders, or a manifest.csv")
    parser.add_argument("--out", type=Path, required=True, help="folder that gets the card, weights and report")
    parser.add_argument("--version", type=about.version, required=True, help="of the new card, other than the model's")
    add_patient_pattern(parser)


def run(options: argparse.Namespace) -> None:
    card = load_card(options.model)
    from ml import listing
    from ml.recalibrate import recalibrate

    if options.data.is_dir() and (left := listing.passed_by(options.data)):
        print(left)

    made = recalibrate(card, options.data, options.out, options.version, options.patient_pattern)
    print_figures(made.figures, f"{made.name} {made.version} on {options.data}, which calibrated it")
    print(f"card: {made.path}")
