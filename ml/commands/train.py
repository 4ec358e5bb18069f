"""python -m ml train"""

import argparse
import json
from pathlib import Path

from ml import architectures
from ml.commands.output import print_figures
from ml.data import DataError


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("architecture", choices=architectures.NAMES)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with NORMAL/ and PNEUMONIA/, or a manifest.csv"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; gets NAME.json and NAME.weights.h5")
    parser.add_argument("--weights", help='"imagenet", a weights file, or left out to start from noise')
    parser.add_argument("--exclude", type=Path, help="folder of films whose patients are left out")
    parser.add_argument("--about", type=Path, help="JSON for the card: data, age_range, limits, credit")
    parser.add_argument("--name", default="default", help="of the model, for its card")
    parser.add_argument("--version", default="1.0.0", help="of the model, for its card")
    parser.add_argument("--seed", type=int, default=2018, help="of the split, and of the chance in training")
    parser.add_argument("--member", type=int, default=0, help="another run on the same split, for an ensemble")
    parser.add_argument("--validation", type=float, default=0.15, help="share of the patients held out (0.15)")
    for knob in ("side", "epochs", "batch"):
        parser.add_argument(f"--{knob}", type=int, help="if not the recipe's")
    parser.add_argument("--limit", type=int, help="use so many films only, for a trial")


def run(options: argparse.Namespace) -> None:
    about = _about(options)
    from ml import release, train

    recipe = architectures.get(options.architecture).RECIPE
    config = train.Config(
        architecture=options.architecture,
        data=str(options.data),
        side=options.side or recipe["side"],
        epochs=options.epochs or recipe["epochs"],
        batch=options.batch or recipe["batch"],
        weights=options.weights,
        exclude=options.exclude and str(options.exclude),
        seed=options.seed,
        member=options.member,
        validation=options.validation,
        limit=options.limit,
    )
    train.run(config, options.out)
    card = release.release(options.out, options.name, options.version, about)
    print_figures(card.figures, f"{card.name} {card.version} on its validation patients")
    print(f"card: {card.path}")


def _about(options: argparse.Namespace) -> dict:
    about = {"data": options.data.name, "age_range": None, "limits": [], "credit": ""}
    if options.about:
        try:
            about |= json.loads(options.about.read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError):
            raise DataError(f"{options.about} cannot be read as a JSON object.") from None
    return about
