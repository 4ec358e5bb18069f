"""python -m ml COMMAND: one module of ml.commands each, with `add(parser)` and `run(options)`."""

import argparse
import sys
from importlib import import_module

from ml.data import DataError

COMMANDS = {
    "train": "train an architecture on a folder of films; resumes on the same --out",
    "evaluate": "judge a model on a folder of class folders",
    "predict": "score films: JPEG, PNG or DICOM",
    "gate": "pass or fail a model by its precision, recall and accuracy on held-out patients",
    "compare": "the table of several systems",
    "audit": "what shortcuts tell without any lung: borders, file size, grey levels",
    "export": "write a model as .keras, .h5, ONNX, OpenVINO or SavedModel",
    "merge": "make one model of finished runs: an ensemble, or the release of one",
    "calibrate": "a new card for a model, from local films",
    "bench": "time a model at one film and at 32, beside plain MobileNetV2",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code. A mistake of the caller is one sentence on stderr and code 1."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options) or 0
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ml", description="Train, evaluate and ask FirstRead's models.")
    commands = parser.add_subparsers(required=True, metavar=" | ".join(COMMANDS))
    for name, summary in COMMANDS.items():
        module, command = import_module(f"ml.commands.{name}"), commands.add_parser(name, help=summary)
        module.add(command)
        command.set_defaults(run=module.run)
    return parser
