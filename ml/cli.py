"""python -m ml train | evaluate | predict"""

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ml import architectures
from ml.card import Card
from ml.data import DataError
from ml.registry import load_card

RATES = ("auc", "accuracy", "sensitivity", "specificity", "precision")


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
    commands = parser.add_subparsers(required=True, metavar="train | evaluate | predict")
    _add_train(
        commands.add_parser("train", help="train an architecture on a folder of films; resumes on the same --out")
    )
    evaluate = commands.add_parser("evaluate", help="judge a model on a folder with NORMAL/ and PNEUMONIA/")
    evaluate.set_defaults(run=_evaluate)
    evaluate.add_argument("--data", type=Path, required=True)
    predict = commands.add_parser("predict", help="score films: JPEG, PNG or DICOM")
    predict.set_defaults(run=_predict)
    predict.add_argument("files", type=Path, nargs="+", metavar="FILE")
    for command in (evaluate, predict):
        command.add_argument("--model", default="default", help="a shipped model's name, or a path to a card")
        command.add_argument("--json", type=Path, help="write the result here")
    return parser


def _add_train(train: argparse.ArgumentParser) -> None:
    train.set_defaults(run=_train)
    train.add_argument("architecture", choices=architectures.NAMES)
    train.add_argument("--data", type=Path, required=True, help="folder with NORMAL/ and PNEUMONIA/, or a manifest.csv")
    train.add_argument("--out", type=Path, required=True, help="folder of the run; gets NAME.json and NAME.weights.h5")
    train.add_argument("--weights", help='"imagenet", a weights file, or left out to start from noise')
    train.add_argument("--exclude", type=Path, help="folder of films whose patients are left out")
    train.add_argument("--about", type=Path, help="JSON for the card: data, age_range, limits, credit")
    train.add_argument("--name", default="default", help="of the model, for its card")
    train.add_argument("--version", default="1.0.0", help="of the model, for its card")
    train.add_argument("--seed", type=int, default=2018)
    for knob in ("side", "epochs", "batch"):
        train.add_argument(f"--{knob}", type=int, help="if not the recipe's")
    train.add_argument("--limit", type=int, help="use so many films only, for a trial")


def _train(options: argparse.Namespace) -> None:
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
        limit=options.limit,
    )
    train.run(config, options.out)
    card = release.release(options.out, options.name, options.version, about)
    _print_figures(card.figures, f"{card.name} {card.version} on its validation patients")
    print(f"card: {card.path}")


def _about(options: argparse.Namespace) -> dict:
    about = {"data": options.data.name, "age_range": None, "limits": [], "credit": ""}
    if options.about:
        try:
            about |= json.loads(options.about.read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError):
            raise DataError(f"{options.about} cannot be read as a JSON object.") from None
    return about


def _evaluate(options: argparse.Namespace) -> None:
    from ml.evaluate import evaluate

    card = load_card(options.model)
    found = evaluate(card, options.data)
    _write(options.json, found)
    _print_figures(found, f"{found['model']} on {options.data}")


def _predict(options: argparse.Namespace) -> int:
    from ml.predict import predict

    card = load_card(options.model)
    rows = predict(card, options.files)
    _write(options.json, rows)
    _print_predictions(rows, card)
    return int(any(row["outcome"] != "scored" for row in rows))


def _write(path: Path | None, content) -> None:
    if path:
        try:
            path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise DataError(f"{path} cannot be written: {error.strerror}.") from None


def _print_figures(found: dict, title: str) -> None:
    table = Table("figure", "value", "95 % interval", title=title)
    for name in (*RATES, "brier", "ece"):
        interval = found["intervals"].get(name)
        table.add_row(name, f"{found[name]:.3f}", "{:.3f} to {:.3f}".format(*interval) if interval else "")
    Console().print(table)
    print(f"{found['films']} films of {found['patients']} patients; rates at the shipped operating point.")


def _print_predictions(rows: list[dict], card: Card) -> None:
    table = Table("file", "score", "band", title=f"{card.name} {card.version}, p at a prevalence of 20 %")
    for row in rows:
        score = str(round(100 * row["probability"])) if row["outcome"] == "scored" else ""
        table.add_row(row["file"], score, row.get("band", row.get("sentence")))
    Console().print(table)
    print(
        "Research use only. A prioritisation aid: it does not diagnose or rule out pneumonia; every study must be read."
    )
