"""python -m ml train"""

import argparse
from pathlib import Path

from ml import architectures
from ml.commands import about
from ml.commands.options import add_patient_pattern
from ml.commands.output import print_figures


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("architecture", choices=architectures.NAMES)
    parser.add_argument(
        "--data", type=Path, required=True, help="class folders NORMAL/ and PNEUMONIA/ (or three), or a manifest.csv"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; gets NAME.json and NAME.weights.h5")
    parser.add_argument("--weights", help='"imagenet", a weights file, or left out to start from noise')
    parser.add_argument("--exclude", type=Path, help="folder of films whose patients are left out")
    parser.add_argument("--about", type=Path, help="JSON for the card: data, age_range, limits, credit")
    parser.add_argument("--name", type=about.name, default="default", help="of the model, for its card")
    parser.add_argument("--version", type=about.version, default="1.0.0", help="of the model, for its card")
    _add_data(parser)
    _add_machine(parser)


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--classes", type=int, choices=(2, 3), help="2, or 3: normal, bacterial, viral (if not the recipe's)"
    )
    add_patient_pattern(parser)
    parser.add_argument("--seed", type=int, default=2018, help="of the split, and of the chance in training")
    parser.add_argument("--member", type=int, default=0, help="another run on the same split, for an ensemble")
    parser.add_argument("--validation", type=_share, default=0.15, help="share of the patients held out (0.15)")
    parser.add_argument("--limit", type=_count, help="use so many films only, for a trial")


def _add_machine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--side", type=_side, help="pixels of the model's square, if not the recipe's")
    for knob in ("epochs", "batch"):
        parser.add_argument(f"--{knob}", type=_count, help="if not the recipe's")
    parser.add_argument(
        "--precision",
        choices=("auto", "float32", "mixed_bfloat16", "mixed_float16"),
        default="auto",
        help="auto: float32 on a processor, mixed_bfloat16 on a GPU",
    )
    parser.add_argument("--tensorboard", action="store_true", help="write OUT/tensorboard as well")


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("it must be at least 1")
    return number


def _side(text: str) -> int:
    if (number := int(text)) < 32:
        raise argparse.ArgumentTypeError("it must be at least 32: the networks halve it five times")
    return number


def _share(text: str) -> float:
    if not 0 < (number := float(text)) < 1:
        raise argparse.ArgumentTypeError("it must lie between 0 and 1")
    return number


def run(options: argparse.Namespace) -> None:
    said = about.read(options.about, options.data.name)
    from ml import listing, release, train

    if options.data.is_dir() and (left := listing.passed_by(options.data)):
        print(left)
    train.run(_config(options), options.out, tensorboard=options.tensorboard)
    card = release.release([options.out], options.out, options.name, options.version, said)
    print_figures(card.figures, f"{card.name} {card.version} on its validation patients")
    print(f"card: {card.path}")


def _config(options: argparse.Namespace):
    """The recipe's settings, where the command line has no other."""
    from ml import optimise, train

    recipe = architectures.get(options.architecture).RECIPE
    knobs = {knob: getattr(options, knob) or recipe[knob] for knob in ("side", "epochs", "batch", "classes")}
    return train.Config(
        architecture=options.architecture,
        data=str(options.data),
        weights=options.weights,
        exclude=options.exclude and str(options.exclude),
        seed=options.seed,
        member=options.member,
        validation=options.validation,
        limit=options.limit,
        precision=optimise.precision(options.precision),
        patient_pattern=options.patient_pattern,
        **knobs,
    )
