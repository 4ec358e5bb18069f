"""python -m ml evaluate"""

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ml.commands.options import add_model, add_patient_pattern
from ml.commands.output import STDOUT, print_figures, print_left_out, require_folder_of, with_interval, write
from ml.registry import load_card


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, required=True, help="class folders NORMAL/ and PNEUMONIA/, or manifest.csv"
    )
    add_model(parser)
    add_patient_pattern(parser)
    parser.add_argument("--json", type=Path, help="write the result here; - is standard output, without the tables")


def run(options: argparse.Namespace) -> None:
    from ml.evaluate import evaluate

    require_folder_of(options.json)
    card = load_card(options.model)
    found = evaluate(card, options.data, options.patient_pattern)
    write(options.json, found)
    if options.json != STDOUT:
        print_figures(found, f"{found['model']} on {options.data}")
        print_more(found)


def print_more(found: dict) -> None:
    """Below the headline: both operating points, the domain, the three classes, and what must be said of the films."""
    table = Table("operating point", "threshold", "sensitivity", "specificity", "accuracy", "precision")
    for name, point in found["operating_points"].items():
        rates = [with_interval(point[rate], "\n") for rate in ("sensitivity", "specificity", "accuracy", "precision")]
        table.add_row(name, f"{point['threshold']:.4f}", *rates)
    Console().print(table)
    _print_domain(found["domain"])
    if three := found["three_classes"]:
        print(f"Three classes, research only: accuracy {with_interval(three['accuracy'])}.")
    print_left_out(found)


def _print_domain(domain: dict | None) -> None:
    if domain is None:
        print("The model has no domain: no film counts as outside.")
        return
    outside = domain["outside"]
    share = f"{outside['hits']} of {outside['of']} films lie outside the model's domain, {with_interval(outside)}"
    print(f"{share}; they count in the figures above.")
    if inside := domain["inside"]:
        rates = ", ".join(f"{name} {inside[name]:.3f}" for name in ("auc", "sensitivity", "specificity", "accuracy"))
        print(f"Without them: {rates}.")
