"""python -m ml audit"""

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ml.commands.options import add_model, add_patient_pattern
from ml.commands.output import STDOUT, print_left_out, require_folder_of, with_interval, write
from ml.registry import load_card


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="class folders or manifest.csv")
    add_model(parser)
    parser.add_argument("--exclude", type=Path, help="folder of films whose patients are left out")
    add_patient_pattern(parser)
    parser.add_argument("--json", type=Path, help="write the result here; - is standard output, without the table")


def run(options: argparse.Namespace) -> None:
    from ml import audit, data, evaluate, listing
    from ml.progress import track

    require_folder_of(options.json)
    card = load_card(options.model)
    samples = evaluate.load(options.data, options.patient_pattern)
    if options.exclude:
        samples = data.without_patients_in(samples, options.exclude, options.patient_pattern)
    tensors, kept, unreadable = data.render(samples, card.input_side, track("reading films"))
    chosen, which = judged(card, samples, kept)
    wanted = set(chosen)
    at = [i for i, sample in enumerate(kept) if sample in wanted]  # in the order of `chosen`
    from ml.runtime import auto  # takes seconds, and the folder may be wrong

    found = {"model": f"{card.name} {card.version}", "on": which, "unreadable": unreadable}
    found |= {"note": listing.passed_by(options.data)} | audit.audit(auto.load(card), chosen, tensors[at])
    write(options.json, found)
    if options.json != STDOUT:
        _print(found)


def judged(card, samples: list, kept: list) -> tuple[list, str]:
    """Where `kept` are the films of the model's training those it was validated on, else all; raises DataError.

    kept: those of `samples` that can be read. The split is of all of them, as the training drew it.
    """
    from ml import data, evaluate

    if not evaluate.learned_from(card, data.manifest_hash(kept)):
        return kept, "all of the folder; on films that it learned from, a model's rows look too good"
    _, held = data.split(samples, card.split["fraction"], card.split["seed"], len(card.classes))
    readable = set(kept)
    validation = [sample for sample in held if sample in readable]
    if len(validation) != card.split["validation"]["films"]:
        raise data.DataError(
            "The split of the training cannot be repeated: give the --patient-pattern it was made with."
        )
    return validation, "the validation patients of the model's training"


def _print(found: dict) -> None:
    table = Table("what is seen", "AUC", "verdict", title=f"{found['model']}: shortcuts")
    for row in found["rows"]:
        style = "red" if row["red"] else ""
        table.add_row(row["name"], with_interval(row["auc"]), Text(row["verdict"], style=style))
    Console().print(table)
    print_left_out(found)
    print(f"{found['films']} films of {found['patients']} patients: {found['on']}.")
    print(found["says"])
    print(found["geometry"])
