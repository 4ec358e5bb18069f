"""python -m ml export"""

import argparse
from pathlib import Path

from ml.commands.options import add_model
from ml.registry import load_card


def add(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument("--format", required=True, choices=("keras", "h5", "onnx", "openvino", "savedmodel"))
    parser.add_argument("--out", type=Path, required=True, help="a file .keras, .h5, .onnx, .xml, or a new folder")


def run(options: argparse.Namespace) -> None:
    from ml.export import TOLERANCE, export

    found = export(load_card(options.model), options.format, options.out)
    print(f"wrote {', '.join(found['files'])}")
    print(f"read back, a phantom scores the same: |dp| {found['difference']:.1e} (limit {TOLERANCE:g})")
